//! Public ids: a UUID under the name of its kind, by the TypeID specification (version 0.3):
//! `contact_01h455vb4pex5vsknk084sn02q`.

use std::fmt;

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const SUFFIX: usize = 26;

/// An id as clients see it: the kind of the record and its UUID.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeId<'a> {
    /// The kind: `contact`, `line_item`.
    pub prefix: &'a str,
    /// The id as it is stored.
    pub uuid: Uuid,
}

impl<'a> TypeId<'a> {
    /// Reads `prefix_suffix`; none where it is not a TypeID.
    pub fn parse(text: &'a str) -> Option<Self> {
        let (prefix, suffix) = text.rsplit_once('_')?;
        let letters = prefix.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        let framed = !prefix.is_empty() && !prefix.starts_with('_') && !prefix.ends_with('_');
        if !letters || !framed || prefix.len() > 63 {
            return None;
        }
        Some(Self { prefix, uuid: decode(suffix)? })
    }

    /// Reads the id of a known kind, as a TypeID or as a plain UUID.
    pub fn parse_as(prefix: &str, text: &str) -> Option<Uuid> {
        match TypeId::parse(text) {
            Some(id) if id.prefix == prefix => Some(id.uuid),
            Some(_) => None,
            None if text.len() == 36 => Uuid::try_parse(text).ok(),
            None => None,
        }
    }

    /// The 26 characters after the prefix.
    pub fn suffix(uuid: Uuid) -> [u8; SUFFIX] {
        let mut rest = uuid.as_u128();
        let mut text = [b'0'; SUFFIX];
        for place in text.iter_mut().rev() {
            *place = ALPHABET.get((rest & 31) as usize).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        text
    }
}

impl fmt::Display for TypeId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let suffix = Self::suffix(self.uuid);
        write!(f, "{}_{}", self.prefix, std::str::from_utf8(&suffix).unwrap_or_default())
    }
}

fn decode(suffix: &str) -> Option<Uuid> {
    // 26 × 5 bits are 130: a first character above 7 would overflow the 128 of a UUID.
    if suffix.len() != SUFFIX || !suffix.starts_with(|first: char| ('0'..='7').contains(&first)) {
        return None;
    }
    let mut value = 0u128;
    for byte in suffix.bytes() {
        let digit = ALPHABET.iter().position(|letter| *letter == byte)?;
        value = (value << 5) | digit as u128;
    }
    Some(Uuid::from_u128(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    // From the specification's valid.yml and invalid.yml.
    #[test]
    fn agrees_with_the_specification() {
        for (text, uuid) in [
            ("prefix_0123456789abcdefghjkmnpqrs", "0110c853-1d09-52d8-d73e-1194e95b5f19"),
            ("prefix_01h455vb4pex5vsknk084sn02q", "01890a5d-ac96-774b-bcce-b302099a8057"),
            ("pre_fix_00000000000000000000000000", "00000000-0000-0000-0000-000000000000"),
            ("prefix_7zzzzzzzzzzzzzzzzzzzzzzzzz", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
        ] {
            let id = TypeId::parse(text).map(|id| id.uuid.to_string());
            assert_eq!(id.as_deref(), Some(uuid));
            assert_eq!(TypeId::parse(text).map(|id| id.to_string()).as_deref(), Some(text));
        }
        for text in [
            "",
            "prefix",
            "PREFIX_00000000000000000000000000",
            "pre.fix_00000000000000000000000000",
            "_00000000000000000000000000",
            "_prefix_00000000000000000000000000",
            "prefix__00000000000000000000000000",
            "prefix_1234567890123456789012345",
            "prefix_8zzzzzzzzzzzzzzzzzzzzzzzzz",
            "prefix_ABCDEFGHJKMNPQRSTVWXYZ0123",
            "prefix_i23456789ol23456789oi23456",
        ] {
            assert_eq!(TypeId::parse(text), None, "{text}");
        }
    }
}
