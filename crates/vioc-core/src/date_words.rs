//! A date and a time as a person would say them, in the language of the call.
//!
//! Words, order and hour cycle are CLDR's, through ICU4X. The rest is what is said and not written: English
//! ordinals and twelve hours (contract 5, the eight variables), French "1er" and "14 h 30", German "Uhr", and
//! no zero before the hour where it would be read out.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use chrono::{DateTime, Datelike, NaiveDateTime, Timelike};
use icu_calendar::Gregorian;
use icu_datetime::fieldsets::{MDE, T};
use icu_datetime::input::{Date, Time};
use icu_datetime::{FixedCalendarDateTimeFormatter, NoCalendarFormatter};
use icu_locale_core::Locale;

/// What the root of CLDR says for January: nobody's language.
const MONTH_OF_NO_LANGUAGE: &str = "M01";
/// A practice has a few; an application may write anything.
const MAX_KEPT: usize = 64;

struct Speech {
    language: String,
    day_first: bool,
    date: FixedCalendarDateTimeFormatter<Gregorian, MDE>,
    time: NoCalendarFormatter<T>,
}

thread_local! {
    /// A formatter takes longer to make than a call to prepare.
    static KEPT: RefCell<HashMap<String, Option<Rc<Speech>>>> = RefCell::default();
}

/// Whether CLDR has the locale, or at least its language.
#[must_use]
pub fn is_supported(tag: &str) -> bool {
    Speech::find(tag).is_some()
}

/// The date of `local`, without a year: `Monday, January 15th`. A locale that is not known is en-US.
#[must_use]
pub fn date(local: NaiveDateTime, tag: &str) -> String {
    let Some(speech) = Speech::find(tag) else {
        return english_date(local, false);
    };
    match speech.language.as_str() {
        "en" => english_date(local, speech.day_first),
        "fr" if local.day() == 1 => speech.written_date(local).replacen(" 1 ", " 1er ", 1),
        _ => speech.written_date(local),
    }
}

/// The time of `local`, to the minute: `2:30 PM`.
#[must_use]
pub fn time(local: NaiveDateTime, tag: &str) -> String {
    let (hour, minute) = (local.hour(), local.minute());
    let speech = Speech::find(tag);
    let language = speech.as_ref().map_or("en", |speech| &speech.language);
    let written = speech
        .as_ref()
        .map_or_else(String::new, |speech| speech.written_time(local));
    match language {
        "en" => {
            let (afternoon, hour) = local.hour12();
            format!("{hour}:{minute:02} {}", if afternoon { "PM" } else { "AM" })
        }
        "fr" if minute == 0 => format!("{hour} h"),
        "fr" => format!("{hour} h {minute:02}"),
        "de" => format!("{} Uhr", without_zero(&written)),
        "es" => without_zero(&written).to_owned(),
        _ => written,
    }
}

impl Speech {
    fn find(tag: &str) -> Option<Rc<Self>> {
        KEPT.with_borrow_mut(|kept| {
            if let Some(speech) = kept.get(tag) {
                return speech.clone();
            }
            if kept.len() >= MAX_KEPT {
                kept.clear();
            }
            let speech = Self::new(tag).map(Rc::new);
            kept.insert(tag.to_owned(), speech.clone());
            speech
        })
    }

    /// BCP 47, or as POSIX writes it (`es_MX.UTF-8`, `de_DE@euro`); none if CLDR lacks the language.
    fn new(tag: &str) -> Option<Self> {
        let tag = tag.trim().split(['.', '@']).next()?.replace('_', "-");
        // without its extensions: no other calendar, no other digits
        let locale = Locale::from(Locale::try_from_str(&tag).ok()?.id);
        let mut speech = Self {
            language: locale.id.language.as_str().to_owned(),
            day_first: false,
            date: FixedCalendarDateTimeFormatter::try_new((&locale).into(), MDE::long()).ok()?,
            time: NoCalendarFormatter::try_new((&locale).into(), T::hm()).ok()?,
        };
        let january = speech.written_date(DateTime::UNIX_EPOCH.naive_utc());
        speech.day_first = !january.ends_with('1');
        let is_known = !locale.id.language.is_unknown() && !january.contains(MONTH_OF_NO_LANGUAGE);
        is_known.then_some(speech)
    }

    fn written_date(&self, local: NaiveDateTime) -> String {
        // the calendar repeats every 400 years
        let year = 2000 + local.year().rem_euclid(400);
        let date = Date::try_new_gregorian(year, small(local.month()), small(local.day()));
        plain(&date.map_or_else(
            |_| String::new(),
            |date| self.date.format(&date).to_string(),
        ))
    }

    fn written_time(&self, local: NaiveDateTime) -> String {
        let time = Time::try_new(small(local.hour()), small(local.minute()), 0, 0);
        plain(&time.map_or_else(
            |_| String::new(),
            |time| self.time.format(&time).to_string(),
        ))
    }
}

fn small(n: u32) -> u8 {
    u8::try_from(n).unwrap_or(0)
}

fn english_date(local: NaiveDateTime, day_first: bool) -> String {
    let day = local.day();
    let suffix = match (day % 10, day % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    };
    if day_first {
        format!("{}{suffix} {}", local.format("%A, %-d"), local.format("%B"))
    } else {
        format!("{}{suffix}", local.format("%A, %B %-d"))
    }
}

fn without_zero(time: &str) -> &str {
    match time.strip_prefix('0') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => time,
    }
}

/// CLDR holds "p.m." to its hour by spaces of several kinds, and marks directions: an agent reads words.
fn plain(written: &str) -> String {
    written
        .chars()
        .filter(|c| !matches!(c, '\u{200e}' | '\u{200f}'))
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::NaiveDate;

    fn at(month: u32, day: u32, hour: u32, minute: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2024, month, day)
            .and_then(|date| date.and_hms_opt(hour, minute, 59))
            .unwrap()
    }

    #[test]
    fn a_date_is_said_as_its_language_says_it() {
        for (locale, month, day, expected) in [
            ("en-US", 1, 15, "Monday, January 15th"),
            ("en-GB", 1, 15, "Monday, 15th January"),
            ("es-ES", 1, 15, "lunes, 15 de enero"),
            ("es-ES", 9, 4, "miércoles, 4 de septiembre"),
            ("fr-FR", 1, 15, "lundi 15 janvier"),
            ("fr-FR", 8, 1, "jeudi 1er août"),
            ("fr-FR", 1, 31, "mercredi 31 janvier"),
            ("de-DE", 1, 15, "Montag, 15. Januar"),
            ("de-DE", 3, 1, "Freitag, 1. März"),
            ("pt-BR", 1, 15, "segunda-feira, 15 de janeiro"),
            ("pt-BR", 3, 12, "terça-feira, 12 de março"),
            ("pt-BR", 1, 20, "sábado, 20 de janeiro"),
            ("pt-BR", 1, 21, "domingo, 21 de janeiro"),
            ("fr-CA", 8, 1, "jeudi 1er août"),
            ("es-US", 1, 15, "lunes, 15 de enero"),
            ("it-IT", 12, 1, "domenica 1 dicembre"),
            ("pl-PL", 12, 1, "niedziela, 1 grudnia"),
            ("ja-JP", 12, 1, "12月1日日曜日"),
            ("nl-NL", 1, 15, "maandag 15 januari"),
            ("th-TH", 1, 15, "วันจันทร์ที่ 15 มกราคม"),
        ] {
            assert_eq!(date(at(month, day, 9, 0), locale), expected, "{locale}");
        }
    }

    #[test]
    fn english_days_have_their_ordinals() {
        for (day, ordinal) in [
            (1, "1st"),
            (2, "2nd"),
            (3, "3rd"),
            (4, "4th"),
            (10, "10th"),
            (11, "11th"),
            (12, "12th"),
            (13, "13th"),
            (20, "20th"),
            (21, "21st"),
            (22, "22nd"),
            (23, "23rd"),
            (24, "24th"),
            (30, "30th"),
            (31, "31st"),
        ] {
            assert!(date(at(1, day, 9, 0), "en-US").ends_with(&format!("January {ordinal}")));
            assert!(date(at(1, day, 9, 0), "en-GB").ends_with(&format!("{ordinal} January")));
        }
    }

    #[test]
    fn a_time_is_said_as_its_language_says_it() {
        for (locale, hour, minute, expected) in [
            ("en-US", 14, 30, "2:30 PM"),
            ("en-US", 0, 0, "12:00 AM"),
            ("en-US", 12, 0, "12:00 PM"),
            ("en-US", 12, 5, "12:05 PM"),
            ("en-US", 0, 59, "12:59 AM"),
            ("en-US", 9, 0, "9:00 AM"),
            ("en-GB", 14, 30, "2:30 PM"),
            ("es-ES", 14, 30, "14:30"),
            ("es-ES", 9, 5, "9:05"),
            ("fr-FR", 14, 30, "14 h 30"),
            ("fr-FR", 9, 5, "9 h 05"),
            ("fr-FR", 14, 0, "14 h"),
            ("de-DE", 14, 30, "14:30 Uhr"),
            ("de-DE", 9, 0, "9:00 Uhr"),
            ("pt-BR", 14, 30, "14:30"),
            ("pt-BR", 9, 5, "09:05"),
            ("es-US", 14, 30, "2:30 p.m."),
            ("es-MX", 14, 30, "2:30 p.m."),
            ("es-MX", 9, 0, "9:00 a.m."),
            ("en-AU", 14, 30, "2:30 PM"),
            ("fr-CA", 14, 30, "14 h 30"),
            ("de-AT", 14, 30, "14:30 Uhr"),
            ("it-IT", 14, 30, "14:30"),
        ] {
            assert_eq!(time(at(1, 15, hour, minute), locale), expected, "{locale}");
        }
    }

    #[test]
    fn a_locale_is_found_by_tag_then_language_then_en_us() {
        for (locale, supported, expected) in [
            ("en-GB", true, "Monday, 15th January"),
            ("EN_gb", true, "Monday, 15th January"),
            ("en_GB.UTF-8", true, "Monday, 15th January"),
            ("en-AU", true, "Monday, 15th January"),
            ("en", true, "Monday, January 15th"),
            ("en-CA", true, "Monday, January 15th"),
            ("es-419", true, "lunes, 15 de enero"),
            ("fr_ca", true, "lundi 15 janvier"),
            (" de ", true, "Montag, 15. Januar"),
            ("pt-PT", true, "segunda-feira, 15 de janeiro"),
            ("it-IT", true, "lunedì 15 gennaio"),
            ("en_US@posix", true, "Monday, January 15th"),
            ("en-ZZ", true, "Monday, January 15th"),
            ("de-DE-u-ca-buddhist-nu-thai", true, "Montag, 15. Januar"),
            ("xx-XX", false, "Monday, January 15th"),
            ("tlh", false, "Monday, January 15th"),
            ("und", false, "Monday, January 15th"),
            ("C", false, "Monday, January 15th"),
            ("spanish", false, "Monday, January 15th"),
            ("english", false, "Monday, January 15th"),
            ("", false, "Monday, January 15th"),
            ("-", false, "Monday, January 15th"),
            ("é", false, "Monday, January 15th"),
        ] {
            assert_eq!(is_supported(locale), supported, "{locale:?}");
            assert_eq!(date(at(1, 15, 9, 0), locale), expected, "{locale:?}");
        }
    }

    #[test]
    fn the_ends_of_time_can_be_spoken() {
        for local in [NaiveDateTime::MIN, NaiveDateTime::MAX] {
            for locale in ["en-US", "en-GB", "es", "fr", "de", "pt", "th"] {
                assert!(!date(local, locale).is_empty() && !time(local, locale).is_empty());
            }
        }
    }
}
