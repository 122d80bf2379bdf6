//! Who asks: from a presented key to an actor.
//!
//! A key is `kith_` and the base64url text of the workspace's id, the key's id and 32 random bytes. The ids
//! lead to one row; of the random bytes only the SHA-256 is kept, which suffices for 256 bits nobody chose.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use kernel::{
    Code, Error, Result,
    actor::{Actor, Origin},
};
use persistence::credential::Credential;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::{Kith, cursor::Seal};

/// What every key begins with, so that scanners for leaked secrets find it.
pub const PREFIX: &str = "kith_";
const SECRET: usize = 32;
const ID: usize = 16;

/// A caller: who it is, and how the workspace seals its cursors.
#[derive(Clone)]
pub struct Caller {
    /// Who it is.
    pub actor: Actor,
    /// How the workspace seals its cursors.
    pub seal: Seal,
}

/// A new key: what its owner is shown once, and what is kept.
pub(crate) struct NewKey {
    /// The whole key.
    pub secret: String,
    /// What is kept of it.
    pub hash: String,
    /// Its last characters, by which people tell keys apart.
    pub hint: String,
}

impl Kith {
    /// Makes a key.
    pub(crate) fn new_key(&self, workspace: Uuid, key: Uuid) -> Result<NewKey> {
        let mut secret = [0; SECRET];
        self.context().entropy.fill(&mut secret)?;
        let bytes = [workspace.as_bytes().as_slice(), key.as_bytes(), &secret].concat();
        let text = format!("{PREFIX}{}", BASE64.encode(bytes));
        let hint = text.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
        Ok(NewKey { secret: text, hash: hash(&secret), hint })
    }

    /// Finds out who presents this key.
    pub async fn authenticate(&self, key: &str, origin: Origin, request_id: Arc<str>) -> Result<Caller> {
        let unknown = || Error::from(Code::Unauthenticated);
        let bytes = key.strip_prefix(PREFIX).and_then(|text| BASE64.decode(text).ok()).ok_or_else(unknown)?;
        let (workspace, rest) = bytes.split_at_checked(ID).ok_or_else(unknown)?;
        let (id, secret) = rest.split_at_checked(ID).ok_or_else(unknown)?;
        let workspace = Uuid::from_slice(workspace).map_err(|_| unknown())?;
        let id = Uuid::from_slice(id).map_err(|_| unknown())?;
        let credential = self.database().credential(workspace, id).await?.ok_or_else(unknown)?;
        if !bool::from(credential.hash.as_bytes().ct_eq(hash(secret).as_bytes())) {
            return Err(unknown());
        }
        let seal = Seal::new(&credential.cursor_key)?;
        Ok(Caller { actor: self.actor(workspace, id, &credential, origin, request_id)?, seal })
    }

    /// Who acts under a key that was presented earlier, as long as it is good.
    pub(crate) async fn actor_of_key(
        &self,
        workspace: Uuid,
        key: Uuid,
        origin: Origin,
        request_id: Arc<str>,
    ) -> Result<Actor> {
        let credential = self.database().credential(workspace, key).await?.ok_or(Code::Unauthenticated)?;
        self.actor(workspace, key, &credential, origin, request_id)
    }

    fn actor(
        &self,
        workspace: Uuid,
        key: Uuid,
        credential: &Credential,
        origin: Origin,
        request_id: Arc<str>,
    ) -> Result<Actor> {
        if credential.expires_at.is_some_and(|end| end <= self.context().clock.now()) {
            return Err(Code::Unauthenticated.into());
        }
        Ok(Actor {
            workspace,
            user: credential.user,
            credential: Some(key),
            role: domain::roles::role(&credential.role).ok_or(Code::Unauthenticated)?,
            zone: credential.time_zone.parse().unwrap_or_default(),
            origin,
            request_id,
        })
    }
}

fn hash(secret: &[u8]) -> String {
    BASE64.encode(Sha256::digest(secret))
}
