//! Our account with the certificate authority: the kept one, or a new one, which is then kept.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use instant_acme::{Account, ExternalAccountKey, NewAccount};

use super::client::Client;
use super::failure::{Failure, Fault};
use super::{ExternalAccount, Options, kept, order};
use crate::data_dir::DataDir;

/// Opens the account; also fetches the authority's directory.
pub(super) async fn open(dir: &DataDir, options: &Options, client: &Client) -> Result<Account, Failure> {
    let failed = |error| order::failure(error, client);
    let builder = Account::builder_with_http(Box::new(client.clone()));
    if let Some(credentials) = kept::account(dir, &options.directory) {
        return builder.from_credentials(credentials).await.map_err(failed);
    }
    let contact = options.email.as_ref().map(|email| format!("mailto:{email}"));
    let contact: Vec<&str> = contact.iter().map(String::as_str).collect();
    // Whoever may not agree never gets here: `tls.acme.accept_terms`.
    let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let external = options.eab.as_ref().map(external_key).transpose()?;
    let created = builder.create(&new, options.directory.clone(), external.as_ref()).await;
    let (account, credentials) = created.map_err(failed)?;
    kept::keep_account(dir, &options.directory, &credentials)?;
    Ok(account)
}

fn external_key(external: &ExternalAccount) -> Result<ExternalAccountKey, Failure> {
    let text = external.key.expose().trim_end_matches('=');
    let key = URL_SAFE_NO_PAD.decode(text);
    let key = key.map_err(|_| Failure::new(Fault::ExternalAccount, "the key in tls.acme.eab is not base64url"))?;
    Ok(ExternalAccountKey::new(external.key_id.clone(), &key))
}
