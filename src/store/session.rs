//! One connection to the store, from the first word to the last: the lease is renewed, orders go out, words come in.

use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, PushKind, Value};
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::arrivals::{Arrivals, arrivals};
use super::queue::Queue;
use super::scripts::{Scripts, call};
use super::{Options, seal, wire, words};
use crate::clock::Now;
use crate::cluster::{Claim, Input, LEASE, NodeId, Order, Word};
use crate::hub::{DoorState, Fate, PersonId, RoomBans, RoomName, SEAT_OPENS_FOR};

/// See the module's text.
pub(super) struct Session<'a, T> {
    options: &'a Options,
    orders: &'a Queue,
    tell: &'a T,
    store: MultiplexedConnection,
    scripts: Scripts,
    arrivals: Arrivals,
    names: Names,
}

/// The keys and channels of one cluster: others may share the store. In braces, so that a Redis Cluster keeps them together.
#[derive(Clone, Debug)]
struct Names {
    prefix: String,
    nodes: String,
    rooms: String,
    sessions: String,
    /// The number of this session.
    session: String,
    invitations: String,
    /// Of these, when they end.
    ends: String,
    /// Whose credentials for the relay are good no more, and until when that matters.
    revoked: String,
    /// The rooms out of which hosts sent people, likewise.
    bans: String,
    all: String,
    own: String,
}

/// Between two renewals of the lease: four may fail.
const BEAT: Duration = Duration::from_secs(1);

/// For one answer of the store: beyond, the path to it is dead, whatever the socket says.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long a door is kept whose room nobody took over.
const DOOR_SECONDS: u64 = 24 * 3600;

impl<'a, T: Fn(Input)> Session<'a, T> {
    /// Connects, gets the lease, and tells the node what is known.
    pub(super) async fn open(options: &'a Options, orders: &'a Queue, tell: &'a T) -> Result<Session<'a, T>, String> {
        let (put, arrivals) = arrivals();
        let config = AsyncConnectionConfig::new()
            .set_push_sender(put)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connecting = wire::connect(&options.address, config);
        let mut store = timeout(PATIENCE, connecting).await.map_err(|_| "it does not answer".to_owned())??;
        let scripts = Scripts::load(&mut store).await.map_err(words)?;
        let names = Names::new(options);
        // Words come in before anybody is asked to say them.
        store.subscribe(&[&names.all, &names.own][..]).await.map_err(words)?;
        let mut session = Session { options, orders, tell, store, scripts, arrivals, names };
        let beat = session.beat().await?;
        orders.empty();
        session.learn().await?;
        tell(Input::Up);
        tell(beat);
        Ok(session)
    }

    /// Works until something breaks; what.
    pub(super) async fn run(self) -> String {
        let Session { options, orders, tell, store, scripts, arrivals, names } = self;
        let writer = Writer { options, tell, store: store.clone(), scripts: scripts.clone(), names: names.clone() };
        let reader = Reader { options, tell, names: names.clone() };
        tokio::select! {
            why = writer.carry(orders) => why,
            why = reader.listen(arrivals) => why,
            why = keep_lease(options, tell, store, scripts, names) => why,
            () = orders.overflow() => "it takes too little".to_owned(),
        }
    }

    async fn beat(&mut self) -> Result<Input, String> {
        beat(self.options, &mut self.store, &self.scripts, &self.names, "begin").await
    }

    /// What others left word of: invitations, whose relay credentials are good no more, and whom hosts sent out.
    async fn learn(&mut self) -> Result<(), String> {
        let now = Now::read().unix.as_secs();
        let fates: Vec<(String, String)> =
            redis::cmd("HGETALL").arg(&self.names.invitations).query_async(&mut self.store).await.map_err(words)?;
        let is_good = |fate: &Fate| fate.ends == 0 || u64::from(fate.ends) > now;
        let known = fates.iter().filter_map(read_fate).filter(is_good).collect();
        (self.tell)(Input::Heard(self.options.node, Word::Fated(known)));
        for id in self.noted(&self.names.revoked.clone(), now).await? {
            (self.tell)(Input::Heard(self.options.node, Word::Revoke(PersonId(id.into()))));
        }
        for rooms in self.noted(&self.names.bans.clone(), now).await?.chunks(ROOMS_AT_ONCE) {
            self.learn_bans(rooms).await?;
        }
        Ok(())
    }

    async fn learn_bans(&mut self, rooms: &[String]) -> Result<(), String> {
        let keys: Vec<String> = rooms.iter().map(|room| self.names.bans_of(room)).collect();
        let sealed: Vec<Option<Vec<u8>>> =
            redis::cmd("MGET").arg(&keys).query_async(&mut self.store).await.map_err(words)?;
        for (key, sealed) in keys.iter().zip(sealed) {
            let bans = sealed.and_then(|sealed| self.options.keys.open::<(RoomName, RoomBans)>(key, &sealed));
            if let Some((room, bans)) = bans {
                (self.tell)(Input::Heard(self.options.node, Word::Banned(room, bans)));
            }
        }
        Ok(())
    }

    /// Who is on a list still.
    async fn noted(&mut self, list: &str, now: u64) -> Result<Vec<String>, String> {
        redis::cmd("ZRANGEBYSCORE").arg(list).arg(now).arg("+inf").query_async(&mut self.store).await.map_err(words)
    }
}

impl Names {
    fn new(options: &Options) -> Names {
        let cluster = hex(&options.keys.derived("name")[..6]);
        let prefix = format!("callbox:{{{cluster}}}:");
        let name = |name: &str| format!("{prefix}{name}");
        let session = Now::read().unix.as_nanos().to_string();
        let own = name(&format!("to:{}", options.node));
        let [nodes, rooms, sessions, invitations, ends, revoked, bans, all] =
            ["nodes", "rooms", "sessions", "invitations", "ends", "revoked", "bans", "to:all"].map(name);
        Names { session, nodes, rooms, sessions, invitations, ends, revoked, bans, all, own, prefix }
    }

    fn node(&self, node: NodeId) -> String {
        format!("{}to:{node}", self.prefix)
    }

    fn door(&self, room: &str) -> String {
        format!("{}door:{room}", self.prefix)
    }

    fn bans_of(&self, room: &str) -> String {
        format!("{}:{room}", self.bans)
    }
}

/// Carries orders out.
struct Writer<'a, T> {
    options: &'a Options,
    tell: &'a T,
    store: MultiplexedConnection,
    scripts: Scripts,
    names: Names,
}

impl<T: Fn(Input)> Writer<'_, T> {
    /// All that wait in one go; they are carried out in order.
    async fn carry(mut self, orders: &Queue) -> String {
        loop {
            let mut pipe = redis::pipe();
            let mut claims = Vec::new();
            for order in orders.take().await {
                if let Order::Claim { room, .. } = &order {
                    claims.push(room.clone());
                }
                self.write(order, &mut pipe);
            }
            let answers: Vec<Value> = match pipe.query_async(&mut self.store).await {
                Ok(answers) => answers,
                Err(cause) => return words(cause),
            };
            for (room, answer) in claims.into_iter().zip(answers) {
                match self.read_claim(&room, answer) {
                    Some(claim) => (self.tell)(Input::Claimed(room, claim)),
                    None => return "it answers what nobody asked".to_owned(),
                }
            }
        }
    }

    fn write(&self, order: Order, pipe: &mut redis::Pipeline) {
        let (names, me) = (&self.names, self.options.node.to_string());
        match order {
            Order::Claim { room, again } => {
                let (room, most) = (self.hidden(&room), if again { 0 } else { self.options.max_rooms });
                let (door, most) = (names.door(&room), most.to_string());
                let keys = [names.nodes.as_str(), &names.rooms, &door, &names.sessions];
                pipe.add_command(call(
                    &self.scripts.claim,
                    &keys,
                    &[me.as_bytes(), room.as_bytes(), most.as_bytes(), names.session.as_bytes()],
                ));
            }
            Order::Release(room) => {
                let room = self.hidden(&room);
                let door = names.door(&room);
                let keys = [names.rooms.as_str(), &door, &names.sessions];
                pipe.add_command(call(
                    &self.scripts.release,
                    &keys,
                    &[me.as_bytes(), room.as_bytes(), names.session.as_bytes()],
                ))
                .ignore();
            }
            Order::PutDoor(room, door) => {
                let key = names.door(&self.hidden(&room));
                let sealed = self.options.keys.seal(&key, &door);
                pipe.set_ex(key, sealed, DOOR_SECONDS).ignore();
            }
            Order::PutFate(fate) => {
                let (id, used, ends) = (fate.id.to_string(), fate.used.to_string(), fate.ends.to_string());
                let arguments = [id.as_bytes(), used.as_bytes(), ends.as_bytes()];
                let keys = [names.invitations.as_str(), &names.ends];
                pipe.add_command(call(&self.scripts.fate, &keys, &arguments)).ignore();
                self.publish(&names.all, &Word::Fated(vec![fate]), pipe);
            }
            Order::Revoke(person) => {
                note(&names.revoked, &person.0, self.options.revoked_for, pipe);
                self.publish(&names.all, &Word::Revoke(person), pipe);
            }
            Order::PutBans(room, bans) => {
                let hidden = self.hidden(&room);
                let key = names.bans_of(&hidden);
                let sealed = self.options.keys.seal(&key, &(&room, &bans));
                pipe.set_ex(key, sealed, SEAT_OPENS_FOR.as_secs()).ignore();
                note(&names.bans, &hidden, SEAT_OPENS_FOR, pipe);
                self.publish(&names.all, &Word::Banned(room, bans), pipe);
            }
            Order::Admit(person, room) => {
                pipe.cmd("ZREM").arg(&names.revoked).arg(&*person.0).ignore();
                self.publish(&names.all, &Word::Admit(person, room), pipe);
            }
            Order::Tell(node, word) => self.publish(&names.node(node), &word, pipe),
            Order::TellAll(word) => self.publish(&names.all, &word, pipe),
        }
    }

    fn publish(&self, channel: &str, word: &Word, pipe: &mut redis::Pipeline) {
        let sealed = self.options.keys.seal(channel, &(self.options.node, word));
        pipe.publish(channel, sealed).ignore();
    }

    /// A room's name as the store may see it.
    fn hidden(&self, room: &RoomName) -> String {
        hidden(&self.options.keys, room)
    }

    fn read_claim(&self, room: &RoomName, answer: Value) -> Option<Claim> {
        let (keeper, door): (String, Vec<u8>) = FromRedisValue::from_redis_value(answer).ok()?;
        Some(match keeper.as_str() {
            "" => Claim::Full,
            "?" => Claim::Unknown,
            keeper if keeper == self.options.node.to_string() => {
                let key = self.names.door(&self.hidden(room));
                Claim::Ours(self.options.keys.open::<DoorState>(&key, &door))
            }
            keeper => Claim::Theirs(NodeId(u64::from_str_radix(keeper, 16).ok()?)),
        })
    }
}

/// Hears what nodes say.
struct Reader<'a, T> {
    options: &'a Options,
    tell: &'a T,
    names: Names,
}

impl<T: Fn(Input)> Reader<'_, T> {
    async fn listen(self, mut arrivals: Arrivals) -> String {
        loop {
            match arrivals.next().await {
                Ok(push) if push.kind == PushKind::Message => self.hear(push.data),
                Ok(push) if push.kind == PushKind::Disconnection => return "the connection broke".to_owned(),
                Ok(_) => {}
                Err(why) => return why.to_owned(),
            }
        }
    }

    /// What cannot be read was not said by a node.
    fn hear(&self, data: Vec<Value>) {
        let Ok([channel, sealed]): Result<[Value; 2], _> = data.try_into() else { return };
        let (Ok(channel), Ok(sealed)) = (String::from_redis_value(channel), Vec::<u8>::from_redis_value(sealed)) else {
            return;
        };
        if channel != self.names.all && channel != self.names.own {
            return;
        }
        if let Some((from, word)) = self.options.keys.open::<(NodeId, Word)>(&channel, &sealed)
            && from != self.options.node
        {
            (self.tell)(Input::Heard(from, word));
        }
    }
}

async fn keep_lease<T: Fn(Input)>(
    options: &Options,
    tell: &T,
    mut store: MultiplexedConnection,
    scripts: Scripts,
    names: Names,
) -> String {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        match beat(options, &mut store, &scripts, &names, "").await {
            Ok(beat) => tell(beat),
            Err(why) => return why,
        }
    }
}

async fn beat(
    options: &Options,
    store: &mut MultiplexedConnection,
    scripts: &Scripts,
    names: &Names,
    which: &str,
) -> Result<Input, String> {
    let (me, lease, asked) = (options.node.to_string(), LEASE.as_millis().to_string(), Instant::now());
    let keys = [names.nodes.as_str(), &names.rooms, &names.sessions];
    let arguments = [me.as_bytes(), lease.as_bytes(), names.session.as_bytes(), which.as_bytes()];
    let beat = call(&scripts.beat, &keys, &arguments);
    let answer: Vec<String> = timeout(PATIENCE, beat.query_async(store))
        .await
        .map_err(|_| "it does not answer".to_owned())?
        .map_err(words)?;
    let (kept, alive) = answer.split_first().ok_or("it answers what nobody asked")?;
    if kept == "over" {
        return Err("another session of this node began".to_owned());
    }
    let alive = alive.iter().filter_map(|node| u64::from_str_radix(node, 16).ok().map(NodeId)).collect();
    Ok(Input::Beat { asked: asked.elapsed(), kept: kept == "kept", alive })
}

/// People or rooms on a list at most, some megabytes: more come and go in two hours only where somebody wants it full. Then those
/// of whom it matters for the shortest time are forgotten.
const MOST_NOTED: isize = 50_000;

/// Of these in one question: a full list, asked for one by one, would keep a node out for seconds.
const ROOMS_AT_ONCE: usize = 1000;

/// Puts a person or a room on a list, for as long as it matters. Everybody who goes is one more: those of whom it matters no
/// longer make room.
fn note(list: &str, whom: &str, matters_for: Duration, pipe: &mut redis::Pipeline) {
    let now = Now::read().unix;
    pipe.cmd("ZREMRANGEBYSCORE").arg(list).arg("-inf").arg(now.as_secs()).ignore();
    pipe.cmd("ZADD").arg(list).arg((now + matters_for).as_secs()).arg(whom).ignore();
    pipe.cmd("ZREMRANGEBYRANK").arg(list).arg(0).arg(-1 - MOST_NOTED).ignore();
}

fn hidden(keys: &seal::Keys, room: &RoomName) -> String {
    hex(&keys.derived(&format!("room\0{room}"))[..16])
}

fn read_fate((id, fate): &(String, String)) -> Option<Fate> {
    let (used, ends) = fate.split_once(' ')?;
    Some(Fate { id: id.parse().ok()?, used: used.parse().ok()?, ends: ends.parse().ok()? })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
