//! Cursors: a position in one list, sealed with the workspace's key so that it can be neither read nor made
//! up, and bound to the list it was made for.

use aes_siv::{KeyInit, siv::Aes128Siv};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use kernel::{
    Code, Error, Result, Value, answer::write_value, field::Kind, input, object::Attribute, plan::Plan,
    time::Instant,
};
use serde_json::{Value as Json, json};

/// The purpose bound to the seal, so that nothing else sealed with the key is taken for a cursor.
const PURPOSE: &str = "cursor";
/// The length of a workspace's key.
pub const KEY: usize = 32;

/// The position that a cursor holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Position {
    /// The values of the order's keys.
    pub keys: Vec<Value>,
    /// Whether the page before is meant.
    pub backward: bool,
}

/// The key that a workspace seals its cursors with.
#[derive(Clone)]
pub struct Seal([u8; KEY]);

impl Seal {
    /// Reads the key as it is kept.
    pub fn new(text: &str) -> Result<Self> {
        let bytes = BASE64.decode(text).map_err(|error| Error::internal(error))?;
        bytes.try_into().map(Self).map_err(|_| Error::internal("the cursor key has the wrong length"))
    }

    /// Makes a cursor. Equal positions of equal lists have equal cursors (deterministic encryption, RFC 5297).
    pub fn seal(&self, plan: &Plan, keys: &[Value], backward: bool) -> String {
        let keys: Vec<Json> =
            keys.iter().zip(key_fields(plan)).map(|(value, field)| show(value, field)).collect();
        let text = json!([plan.fingerprint, backward, keys]).to_string();
        let sealed = Aes128Siv::new(&self.0.into()).encrypt([PURPOSE], text.as_bytes());
        BASE64.encode(sealed.unwrap_or_default())
    }

    /// Reads a cursor that was made for the same list.
    pub fn open(&self, plan: &Plan, cursor: &str) -> Result<Position> {
        let invalid = || Error::from(Code::InvalidCursor);
        let sealed = BASE64.decode(cursor).map_err(|_| invalid())?;
        let opened = Aes128Siv::new(&self.0.into()).decrypt([PURPOSE], &sealed);
        let opened = opened.map_err(|_| invalid())?;
        let (fingerprint, backward, keys): (u64, bool, Vec<Json>) =
            serde_json::from_slice(&opened).map_err(|_| invalid())?;
        if fingerprint != plan.fingerprint || keys.len() != plan.order.len() {
            return Err(Code::CursorMismatch.into());
        }
        let keys =
            keys.iter().zip(key_fields(plan)).map(|(json, field)| read(json, field).ok_or_else(invalid));
        Ok(Position { keys: keys.collect::<Result<_>>()?, backward })
    }
}

fn key_fields(plan: &Plan) -> impl Iterator<Item = &Attribute> {
    plan.order.iter().filter_map(|order| plan.object().at(order.field))
}

/// A whole number stays one, everything else is shown as it is elsewhere.
fn show(value: &Value, field: &Attribute) -> Json {
    let mut text = Vec::new();
    match (value, field.kind) {
        (Value::Integer(number), _) => return (*number).into(),
        _ => write_value(&mut text, field, "id", value.into()),
    }
    serde_json::from_slice(&text).unwrap_or_default()
}

fn read(json: &Json, field: &Attribute) -> Option<Value> {
    match (json, field.kind) {
        (Json::Null, _) => Some(Value::Null),
        (Json::String(text), Kind::Text(_)) => Some(Value::Text(text.clone())),
        (Json::String(text), Kind::Instant) => Instant::parse(text).map(Value::Instant),
        // An amount is nowhere without its currency.
        (Json::Number(_), Kind::Money) => None,
        (Json::Number(number), _) => number.as_i64().map(Value::Integer),
        _ => input::value(field, json).ok(),
    }
}
