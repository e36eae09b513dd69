//! A TURN client as plain as possible, over real sockets: asks one thing and waits for the answer. The codec is
//! `stun-types`, so that nothing here shares an opinion with the program.

use std::io::{Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, UdpSocket};

use stun_types::attribute::{ErrorCode, Nonce, Realm, Username};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials, Message, MessageWriteVec, Method,
};
use stun_types::prelude::*;
use turn_types::AddressFamily;
use turn_types::attribute::{
    AdditionalAddressFamily, AddressErrorCode, ChannelNumber, Data, Lifetime, RequestedTransport, XorPeerAddress,
    XorRelayedAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CONNECT, CREATE_PERMISSION, REFRESH, SEND};

use super::server::{PATIENCE, connect};

/// UDP and TCP as REQUESTED-TRANSPORT says them.
pub(crate) const UDP: u8 = RequestedTransport::UDP;
/// RFC 6062, 4.1.
pub(crate) const TCP: u8 = 6;

/// One 5-tuple, and after `allocate` the login.
pub(crate) struct Caller {
    wire: Wire,
    login: Option<Login>,
}

enum Wire {
    Datagrams(UdpSocket),
    Stream(TcpStream),
}

struct Login {
    username: String,
    realm: String,
    nonce: String,
    key: IntegrityKey,
}

/// What came back: the bytes of a STUN message.
pub(crate) struct Answer(pub(crate) Vec<u8>);

impl Answer {
    /// 0 for a success, and of a success that lacks a family its code.
    pub(crate) fn code(&self) -> u16 {
        let message = Message::from_bytes(&self.0).unwrap();
        let refused = message.attribute::<ErrorCode>().map(|error| error.code());
        let lacks = message.attribute::<AddressErrorCode>().map(|lack| lack.error().code());
        refused.or(lacks).unwrap_or(0)
    }

    /// Of a granted allocation.
    pub(crate) fn relayed(&self) -> SocketAddr {
        let message = Message::from_bytes(&self.0).unwrap();
        message.attribute::<XorRelayedAddress>().unwrap().addr(message.transaction_id())
    }
}

impl Caller {
    pub(crate) fn over_udp(from: IpAddr, server: SocketAddr) -> Caller {
        let socket = UdpSocket::bind((from, 0)).unwrap();
        socket.connect(server).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Caller { wire: Wire::Datagrams(socket), login: None }
    }

    pub(crate) fn over_tcp(server: SocketAddr) -> Caller {
        Caller { wire: Wire::Stream(connect(server)), login: None }
    }

    /// Fetches a nonce for that login.
    pub(crate) fn log_in(&mut self, username: &str, password: &str) -> Answer {
        self.login = None;
        let challenge = self.ask(ALLOCATE, |request| request.add_attribute(&RequestedTransport::new(UDP)).unwrap());
        let message = Message::from_bytes(&challenge.0).unwrap();
        let realm = message.attribute::<Realm>().unwrap().realm().to_owned();
        let nonce = message.attribute::<Nonce>().unwrap().nonce().to_owned();
        let credentials = LongTermKeyCredentials::new(username.to_owned(), password.to_owned(), realm.clone());
        let key = credentials.make_key(IntegrityAlgorithm::Sha1);
        self.login = Some(Login { username: username.to_owned(), realm, nonce, key });
        challenge
    }

    pub(crate) fn allocate(&mut self, transport: u8) -> Answer {
        self.ask(ALLOCATE, |request| request.add_attribute(&RequestedTransport::new(transport)).unwrap())
    }

    /// IPv4 and IPv6 at once (RFC 8656, 7.1); `Answer::code` is 0 only when both were granted.
    pub(crate) fn allocate_both_families(&mut self) -> Answer {
        self.ask(ALLOCATE, |request| {
            request.add_attribute(&RequestedTransport::new(UDP)).unwrap();
            request.add_attribute(&AdditionalAddressFamily::new(AddressFamily::IPV6)).unwrap();
        })
    }

    pub(crate) fn refresh(&mut self) -> Answer {
        self.ask(REFRESH, |request| request.add_attribute(&Lifetime::new(600)).unwrap())
    }

    pub(crate) fn permit(&mut self, peer: SocketAddr) -> Answer {
        self.ask(CREATE_PERMISSION, |request| add_peer(request, peer))
    }

    pub(crate) fn bind_channel(&mut self, number: u16, peer: SocketAddr) -> Answer {
        self.ask(CHANNEL_BIND, |request| {
            request.add_attribute(&ChannelNumber::new(number)).unwrap();
            add_peer(request, peer);
        })
    }

    /// Asks for a TCP connection to the peer (RFC 6062, 4.3).
    pub(crate) fn connect(&mut self, peer: SocketAddr) -> Answer {
        self.ask(CONNECT, |request| add_peer(request, peer))
    }

    /// A Send indication; nothing comes back.
    pub(crate) fn send(&mut self, data: &[u8], peer: SocketAddr) {
        let mut indication = Message::builder_indication(SEND, MessageWriteVec::new());
        add_peer(&mut indication, peer);
        indication.add_attribute(&Data::new(data)).unwrap();
        self.write(&indication.finish());
    }

    pub(crate) fn bind(&mut self) -> Answer {
        self.ask(BINDING, |_| ())
    }

    fn ask(&mut self, method: Method, fill: impl FnOnce(&mut MessageWriteVec)) -> Answer {
        let mut request = Message::builder_request(method, MessageWriteVec::new());
        fill(&mut request);
        if let Some(login) = &self.login {
            request.add_attribute(&Username::new(&login.username).unwrap()).unwrap();
            request.add_attribute(&Realm::new(&login.realm).unwrap()).unwrap();
            request.add_attribute(&Nonce::new(&login.nonce).unwrap()).unwrap();
            request.add_message_integrity_with_key(&login.key, IntegrityAlgorithm::Sha1).unwrap();
        }
        self.write(&request.finish());
        self.read()
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        match &mut self.wire {
            Wire::Datagrams(socket) => assert_eq!(socket.send(bytes).unwrap(), bytes.len()),
            Wire::Stream(stream) => stream.write_all(bytes).unwrap(),
        }
    }

    /// The next message.
    pub(crate) fn read(&mut self) -> Answer {
        let mut bytes = vec![0; 2000];
        let length = match &mut self.wire {
            Wire::Datagrams(socket) => socket.recv(&mut bytes).unwrap(),
            Wire::Stream(stream) => {
                stream.read_exact(&mut bytes[..20]).unwrap();
                let length = 20 + usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
                stream.read_exact(&mut bytes[20..length]).unwrap();
                length
            }
        };
        bytes.truncate(length);
        Answer(bytes)
    }
}

fn add_peer(message: &mut MessageWriteVec, peer: SocketAddr) {
    let id = Message::from_bytes(message.data()).unwrap().transaction_id();
    message.add_attribute(&XorPeerAddress::new(peer, id)).unwrap();
}
