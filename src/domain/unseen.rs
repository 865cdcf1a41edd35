//! What is left out of a name since nobody sees it, so that two names that look alike are alike.

use super::characters::{has, is_ignorable, is_space, value};
use icu_properties::props::{
    BidiClass, BidiControl, Cased, Emoji, EmojiComponent, ExtendedPictographic, GeneralCategory,
    GeneralCategoryGroup, JoinControl, JoiningType, Script, VariationSelector,
};

/// Joins nothing, but has the vowel after it take its other form.
const MONGOLIAN_VOWEL_SEPARATOR: char = '\u{180E}';
/// The one emoji that tags make another of: the flags of England, Scotland, Wales (UTS 51, ED-14a).
const BLACK_FLAG: char = '\u{1F3F4}';

/// A line without the ignorable characters that change nothing where they stand, without space
/// around it, and with one space where there are several in a row. What joins letters or emoji,
/// picks their form or sets a direction stays, and so does every character that is seen.
#[must_use]
pub fn without_unseen(line: &str) -> String {
    let is_right_to_left = line.chars().any(is_right_to_left);
    let mut kept = String::with_capacity(line.len());
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        let (before, after) = (kept.chars().next_back(), rest.clone().next());
        let is_kept = if is_space(c) {
            before.is_some_and(|before| !is_space(before))
        } else if has::<JoinControl>(c) || c == MONGOLIAN_VOWEL_SEPARATOR {
            before != Some(c) && (before.is_some_and(joins) || after.is_some_and(joins))
        } else if has::<VariationSelector>(c) {
            before.is_some_and(has_variants)
        } else if has::<BidiControl>(c) {
            before != Some(c) && is_right_to_left
        } else if is_tag(c) {
            before.is_some_and(|before| before == BLACK_FLAG || is_tag(before))
        } else {
            !is_ignorable(c)
        };
        if is_kept {
            kept.push(c);
        }
    }
    kept.truncate(kept.trim_end_matches(is_space).len());
    kept
}

fn is_right_to_left(c: char) -> bool {
    let class: BidiClass = value(c);
    matches!(class, BidiClass::RightToLeft | BidiClass::ArabicLetter) && !is_ignorable(c)
}

/// Whether a joiner beside a character can be seen: letters that have another form when joined,
/// the marks of Indic scripts, and emoji.
fn joins(c: char) -> bool {
    let is_joined_letter = matches!(
        value(c),
        JoiningType::DualJoining | JoiningType::LeftJoining | JoiningType::RightJoining
    );
    // The marks of one script alone: accents are `Inherited`, and join nothing.
    let is_mark_of_a_script =
        || GeneralCategoryGroup::Mark.contains(value(c)) && value::<Script>(c) != Script::Inherited;
    !is_ignorable(c)
        && (is_joined_letter || has::<ExtendedPictographic>(c) || is_mark_of_a_script())
}

/// Whether a variation selector after a character can be seen. Letters that have a capital form
/// have no variants, but a few of them are emoji too.
fn has_variants(c: char) -> bool {
    !is_space(c) && !is_ignorable(c) && (has::<Emoji>(c) || !has::<Cased>(c))
}

fn is_tag(c: char) -> bool {
    has::<EmojiComponent>(c)
        && value::<GeneralCategory>(c) == GeneralCategory::Format
        && !has::<JoinControl>(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_that_look_alike_are_alike() {
        for alike in [
            "Ana\u{200b}",
            "\u{feff}Ana",
            "A\u{200d}na",
            "A\u{200c}na",
            "An\u{ad}a",
            "An\u{34f}a",
            "An\u{2060}a\u{2064}",
            "Ana\u{3164}",
            "\u{115f}Ana\u{ffa0}",
            "A\u{fe0f}na\u{e0100}",
            "Ana\u{e0061}\u{e007f}",
            "\u{200e}Ana\u{200f}",
            "\u{2800}Ana\u{a0}\u{3000}",
            "Ana\u{e0fff}\u{206a}\u{1d173}",
        ] {
            assert_eq!(without_unseen(alike), "Ana", "{alike:?}");
        }
        assert_eq!(without_unseen("Ana \u{a0}\u{200b}\u{2003} B"), "Ana B");
        assert_eq!(without_unseen("م\u{200c}\u{200c}\u{200c}ن"), "م\u{200c}ن");
        assert_eq!(without_unseen("🙂\u{e0068}\u{e0069}"), "🙂");
    }

    #[test]
    fn emoji_and_scripts_stay_as_they_are() {
        for kept in [
            "👩🏽\u{200d}🚀 👨\u{200d}👩\u{200d}👧\u{200d}👦 🏳\u{fe0f}\u{200d}🌈 🧑🏻\u{200d}🤝\u{200d}🧑🏿",
            "👁\u{fe0f}\u{200d}🗨\u{fe0f} 🏃\u{200d}♀\u{fe0f}\u{200d}➡\u{fe0f} ❤\u{fe0f} ℹ\u{fe0f} Ⓜ\u{fe0f} 🅰\u{fe0f}",
            "1\u{fe0f}\u{20e3} #\u{fe0f}\u{20e3} 🇩🇪 👍🏽 ☺\u{fe0e}",
            "🏴\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "می\u{200c}خواهم",                // Persian
            "ه\u{200d}",                      // Arabic
            "क्\u{200d}ष क्\u{200c}ष",          // Devanagari
            "র\u{200d}্য",                     // Bengali
            "ශ්\u{200d}රී",                     // Sinhala
            "ന്\u{200d}",                      // Malayalam
            "ರ\u{200d}್ಕ",                     // Kannada
            "ᠭᠠᠵᠠᠷ\u{180e}ᠠ ᠠ\u{180b}",       // Mongolian
            "葛\u{e0100}城 山田\u{3000}太郎", // Japanese
            "דנה\u{200f} (C++)\u{200f}",      // Hebrew
            "Nguyễn e\u{301} Đặng เจ้า བོད གཱ",
            "⠓⠑⠇⠇⠕\u{2800}⠺",
            "M.\u{a0}Dupont",
        ] {
            assert_eq!(without_unseen(kept), kept, "{kept:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_seen_stays_and_nothing_more_is_left_out_again(
            line in "([a-zA1é.م한क👩🏴❤ \u{a0}\u{2800}\u{94d}]|\\p{Cf}|\\p{M}|\\p{Z}|[\u{fe00}-\u{fe0f}]){0,12}"
        ) {
            let kept = without_unseen(&line);
            prop_assert_eq!(without_unseen(&kept), kept.clone());
            let seen = |text: &str| -> String {
                text.chars().filter(|c| !is_space(*c) && !is_ignorable(*c)).collect()
            };
            prop_assert_eq!(seen(&kept), seen(&line));
        }
    }
}
