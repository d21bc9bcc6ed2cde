//! A date and a time as a person would say them, in the language of the call.
//!
//! The English forms are those of the contract (5, the eight variables); order and punctuation of the
//! others follow CLDR's full date and short time. Names of months and weekdays come from glibc's
//! locales, through chrono.

use chrono::{Datelike, Locale, NaiveDateTime, Timelike};

#[derive(Clone, Copy)]
enum Speech {
    American,
    British,
    Spanish,
    French,
    German,
    Brazilian,
}

/// Whether the locale, or at least its language, is one we can speak.
#[must_use]
pub fn is_supported(locale: &str) -> bool {
    Speech::find(locale).is_some()
}

/// The date of `local`, without a year: `Monday, January 15th`.
#[must_use]
pub fn date(local: NaiveDateTime, locale: &str) -> String {
    let speech = Speech::of(locale);
    let date = local.date();
    let named = |form| date.format_localized(form, speech.names()).to_string();
    let day = date.day();
    match speech {
        Speech::American => format!("{}{}", named("%A, %B %-d"), ordinal_suffix(day)),
        Speech::British => format!(
            "{}, {day}{} {}",
            named("%A"),
            ordinal_suffix(day),
            named("%B")
        ),
        Speech::Spanish => named("%A, %-d de %B"),
        Speech::French if day == 1 => format!("{} 1er {}", named("%A"), named("%B")),
        Speech::French => named("%A %-d %B"),
        Speech::German => named("%A, %-d. %B"),
        // glibc shortens "segunda-feira" to "segunda", as Portuguese does in passing.
        Speech::Brazilian if date.weekday().num_days_from_monday() < 5 => {
            format!("{}-feira, {}", named("%A"), named("%-d de %B"))
        }
        Speech::Brazilian => named("%A, %-d de %B"),
    }
}

/// The time of `local`, to the minute: `2:30 PM`.
#[must_use]
pub fn time(local: NaiveDateTime, locale: &str) -> String {
    let (hour, minute) = (local.hour(), local.minute());
    match Speech::of(locale) {
        Speech::American | Speech::British => {
            let (afternoon, hour) = local.hour12();
            format!("{hour}:{minute:02} {}", if afternoon { "PM" } else { "AM" })
        }
        Speech::Spanish => format!("{hour}:{minute:02}"),
        Speech::French if minute == 0 => format!("{hour} h"),
        Speech::French => format!("{hour} h {minute:02}"),
        Speech::German => format!("{hour}:{minute:02} Uhr"),
        Speech::Brazilian => format!("{hour:02}:{minute:02}"),
    }
}

impl Speech {
    fn of(locale: &str) -> Self {
        Self::find(locale).unwrap_or(Self::American)
    }

    /// By the full tag, else by its language (BCP 47; POSIX writes `_`).
    fn find(locale: &str) -> Option<Self> {
        let mut parts = locale.trim().split(['-', '_', '.']);
        let language = parts.next()?;
        let region = parts.next().unwrap_or_default();
        let is = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
        if is(language, "en") {
            // These put the day first, as Britain does.
            let british = ["GB", "AU", "NZ", "IE", "IN", "ZA"];
            let day_first = british.iter().any(|other| is(region, other));
            return Some(if day_first {
                Self::British
            } else {
                Self::American
            });
        }
        [
            ("es", Self::Spanish),
            ("fr", Self::French),
            ("de", Self::German),
            ("pt", Self::Brazilian),
        ]
        .into_iter()
        .find_map(|(other, speech)| is(language, other).then_some(speech))
    }

    fn names(self) -> Locale {
        match self {
            Self::American => Locale::en_US,
            Self::British => Locale::en_GB,
            Self::Spanish => Locale::es_ES,
            Self::French => Locale::fr_FR,
            Self::German => Locale::de_DE,
            Self::Brazilian => Locale::pt_BR,
        }
    }
}

fn ordinal_suffix(day: u32) -> &'static str {
    match (day % 10, day % 100) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
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
            ("it-IT", false, "Monday, January 15th"),
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
            for locale in ["en-US", "en-GB", "es", "fr", "de", "pt"] {
                assert!(!date(local, locale).is_empty() && !time(local, locale).is_empty());
            }
        }
    }
}
