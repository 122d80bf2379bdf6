//! The forms some texts must have: addresses, codes, names of zones. Each form reads a text and gives the
//! spelling that is kept.

use kernel::money::parse_currency;

/// A form that a text must have.
#[derive(Clone, Copy, Debug)]
pub struct Form {
    /// What such a text is, as a refusal names it.
    pub what: &'static str,
    /// The spelling that is kept; none where the text is not of this form.
    pub read: fn(&str) -> Option<String>,
}

/// An e-mail address: one `@`, no blanks; its domain is kept in lower case.
pub const EMAIL: Form = Form { what: "an e-mail address", read: email };
/// An internet domain, kept in lower case.
pub const DOMAIN: Form = Form { what: "a domain such as example.com", read: domain };
/// A web address.
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

fn email(text: &str) -> Option<String> {
    let (local, domain) = text.trim().split_once('@')?;
    let blank = |c: char| c.is_whitespace() || c.is_control() || c == '@';
    let is_right = |part: &str| !part.is_empty() && !part.contains(blank);
    (is_right(local) && is_right(domain)).then(|| format!("{local}@{}", domain.to_lowercase()))
}

fn domain(text: &str) -> Option<String> {
    let domain = text.trim().to_lowercase();
    let is_label = |label: &str| {
        let framed =
            !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-');
        framed && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let is_right = domain.len() <= 253 && domain.contains('.') && domain.split('.').all(is_label);
    is_right.then_some(domain)
}

fn website(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let host = rest.split(['/', '?', '#', ':']).next().unwrap_or_default();
    let is_right = matches!(scheme.as_str(), "http" | "https")
        && !host.is_empty()
        && !rest.contains(|c: char| c.is_whitespace() || c.is_control());
    is_right.then(|| format!("{scheme}://{rest}"))
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
        let wrong = ["", "@", "a@", "@b", "a@b@c", "a b@c.de", "a@b c"];
        agrees(EMAIL, &[(" Ada@Example.COM ", "Ada@example.com"), ("ä+1@ö.de", "ä+1@ö.de")], &wrong);
        let wrong =
            ["", "example", "https://example.com", "a@b.de", "a..de", "-a.de", "a-.de", "a b.de", "a.de/"];
        agrees(DOMAIN, &[("Example.COM", "example.com"), ("münchen.de", "münchen.de")], &wrong);
        let right = "https://example.com/a?b#c";
        let wrong = ["", "example.com", "javascript:x", "http://", "http://a b", "https:///x", "https://?x"];
        agrees(WEBSITE, &[(right, right), ("HTTPS://Example.com", "https://Example.com")], &wrong);
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
