//! The forms some texts must have: addresses, codes, names of zones. Each form reads a text and gives the
//! spelling that is kept.

use std::net::{Ipv4Addr, Ipv6Addr};

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use kernel::{field::Form, money::parse_currency, text::trim};

/// An e-mail address (RFC 5321 and 6531) without a name beside it; its domain is kept in the spelling that people read.
pub const EMAIL: Form = Form { what: "an e-mail address such as ada@example.com", read: email };
/// An internet domain of any script (UTS 46), kept in the spelling that people read.
pub const DOMAIN: Form = Form { what: "a domain such as example.com", read: domain };
/// A web address; its host is kept in the spelling that people read.
pub const WEBSITE: Form = Form { what: "a web address that begins with http:// or https://", read: website };
/// A country by ISO 3166-1 alpha-2.
pub const COUNTRY: Form = Form { what: "an ISO 3166-1 alpha-2 country code", read: country };
/// A currency by ISO 4217.
pub const CURRENCY: Form = Form { what: "an ISO 4217 currency code", read: currency };
/// A language tag by BCP 47.
pub const LANGUAGE: Form = Form { what: "a BCP 47 language tag", read: language };
/// A time zone of the IANA database.
pub const TIME_ZONE: Form = Form { what: "an IANA time zone", read: time_zone };
/// A colour as `#rrggbb`.
pub const COLOR: Form = Form { what: "a colour such as #1a2b3c", read: color };

/// The codes that ISO 3166-1 assigns.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW \
    BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI \
    FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN \
    IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME \
    MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF \
    PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV \
    SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE \
    YT ZA ZM ZW";

fn kept(text: &str, is_right: bool) -> Option<String> {
    is_right.then(|| text.to_owned())
}

/// What programs put around an address is taken off; quoted local parts, which nobody uses, are refused.
fn email(text: &str) -> Option<String> {
    let text = trim(text).trim_end_matches(|c: char| matches!(c, ';' | ',') || c.is_whitespace());
    let text = text.strip_prefix('<').and_then(|text| text.strip_suffix('>')).unwrap_or(text);
    let scheme = text.get(..7).filter(|start| start.eq_ignore_ascii_case("mailto:")).map_or(0, str::len);
    let (local, domain) = trim(text.get(scheme..)?).rsplit_once('@')?;
    let is_local = |c: char| match c.is_ascii() {
        true => c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c),
        false => !c.is_whitespace() && !c.is_control() && !trim(c.encode_utf8(&mut [0; 4])).is_empty(),
    };
    let is_dotted = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    let is_right = !local.is_empty() && local.len() <= 64 && is_dotted && local.chars().all(is_local);
    let (ascii, unicode) = names(domain)?;
    // The limits count octets, of the domain as it is sent.
    let is_short = local.len().saturating_add(ascii.len()) < 254;
    (is_right && is_short && is_public(&ascii)).then(|| format!("{local}@{unicode}"))
}

fn domain(text: &str) -> Option<String> {
    let (ascii, unicode) = names(text)?;
    is_public(&ascii).then_some(unicode)
}

/// A host name as it is sent and as people read it.
fn names(text: &str) -> Option<(String, String)> {
    let hyphens = Hyphens::CheckFirstLast;
    let ascii =
        Uts46::new().to_ascii(text.as_bytes(), AsciiDenyList::STD3, hyphens, DnsLength::Verify).ok()?;
    let (unicode, read) = Uts46::new().to_unicode(ascii.as_bytes(), AsciiDenyList::STD3, hyphens);
    read.ok()?;
    let unicode = unicode.into_owned();
    Some((ascii.into_owned(), unicode))
}

/// Whether a host name can be one of the internet: with a top-level domain, which is no number.
fn is_public(ascii: &str) -> bool {
    ascii.rsplit_once('.').is_some_and(|(_, top)| !top.bytes().all(|b| b.is_ascii_digit()))
}

fn website(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let is_right = matches!(scheme.as_str(), "http" | "https")
        && !path.contains(|c: char| c.is_whitespace() || c.is_control());
    is_right.then(|| Some(format!("{scheme}://{}{path}", host_and_port(authority)?)))?
}

fn host_and_port(authority: &str) -> Option<String> {
    if let Some((address, port)) = authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        return kept(authority, address.parse::<Ipv6Addr>().is_ok() && is_port);
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) if is_port(port) => (host, format!(":{port}")),
        Some(_) => return None,
        None => (authority, String::new()),
    };
    let host = match host.parse::<Ipv4Addr>() {
        Ok(address) => address.to_string(),
        Err(_) => names(host)?.1,
    };
    Some(host + &port)
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit()) && text.parse::<u16>().is_ok()
}

fn country(text: &str) -> Option<String> {
    kept(text, text.len() == 2 && COUNTRIES.split(' ').any(|code| code == text))
}

fn currency(text: &str) -> Option<String> {
    kept(text, parse_currency(text).is_some())
}

fn language(text: &str) -> Option<String> {
    let (primary, rest) = text.split_once('-').unwrap_or((text, ""));
    let is_primary = (2..=8).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_alphabetic());
    let is_subtag =
        |tag: &str| (1..=8).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_alphanumeric());
    // A single letter only introduces what follows it.
    let is_finished = text.len() < 2 || text.as_bytes().iter().rev().nth(1) != Some(&b'-');
    kept(text, is_primary && is_finished && (primary == text || rest.split('-').all(is_subtag)))
}

fn time_zone(text: &str) -> Option<String> {
    kept(text, text.parse::<chrono_tz::Tz>().is_ok())
}

fn color(text: &str) -> Option<String> {
    let digits = text.strip_prefix('#')?;
    kept(text, digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agrees(form: Form, right: &[(&str, &str)], wrong: &[&str]) {
        for (text, kept) in right {
            assert_eq!((form.read)(text).as_deref(), Some(*kept), "{text} is {}", form.what);
        }
        for text in wrong {
            assert_eq!((form.read)(text), None, "{text} is not {}", form.what);
        }
    }

    #[test]
    fn addresses_have_one_spelling() {
        let right = [
            (" Ada@Example.COM ", "Ada@example.com"),
            ("ä+1@ö.de", "ä+1@ö.de"),
            ("<mailto:Ada@xn--mnchen-3ya.de> ;,", "Ada@münchen.de"),
        ];
        let wrong =
            ["", "@", "a@", "@b", "a@b@c", "a b@c.de", "a@b c", "a@b", "mailto:", "\"a b\"@c.de", "a@b.de."];
        agrees(EMAIL, &right, &wrong);
        let wrong = [
            "",
            "example",
            "https://example.com",
            "a@b.de",
            "a..de",
            "-a.de",
            "a-.de",
            "a b.de",
            "a.de/",
            "1.2.3.4",
        ];
        agrees(DOMAIN, &[("Example.COM", "example.com"), ("münchen.de", "münchen.de")], &wrong);
        let right = [
            ("https://example.com/a?b#c", "https://example.com/a?b#c"),
            ("HTTP://Intranet:8080/A", "http://intranet:8080/A"),
            ("https://[::1]:80?x", "https://[::1]:80?x"),
            ("https://10.0.0.1/", "https://10.0.0.1/"),
            ("https://xn--mnchen-3ya.de", "https://münchen.de"),
        ];
        let wrong = [
            "",
            "example.com",
            "javascript:x",
            "http://",
            "http://a b",
            "https:///x",
            "https://a.de:x",
            "https://u@a.de",
            "https://a.de/b c",
            "https://:80",
        ];
        agrees(WEBSITE, &right, &wrong);
    }

    #[test]
    fn codes_are_those_of_the_standards() {
        assert_eq!(COUNTRIES.split(' ').count(), 249);
        assert!(COUNTRIES.split(' ').is_sorted());
        agrees(COUNTRY, &[("DE", "DE"), ("KR", "KR")], &["", "de", "XX", "DEU", "D", "E A"]);
        agrees(CURRENCY, &[("EUR", "EUR")], &["eur", "EURO", "AAA"]);
        let tags = ["de", "de-AT", "zh-Hant-TW", "en-u-ca-buddhist"].map(|tag| (tag, tag));
        agrees(LANGUAGE, &tags, &["", "d", "de-", "de_AT", "de--AT", "de-x", "1a", "english language"]);
        let zones = ["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires"].map(|zone| (zone, zone));
        agrees(TIME_ZONE, &zones, &["", "Berlin", "+02:00", "Europe/Bärlin"]);
        agrees(COLOR, &[("#1A2b3c", "#1A2b3c")], &["1a2b3c", "#1a2b3", "#1a2b3g", "#1a2b3cd", "red"]);
    }
}
