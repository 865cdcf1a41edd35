//! What a character does in a text, by its properties in the Unicode standard (UAX 44).

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{
        BidiClass, BinaryProperty, DefaultIgnorableCodePoint, EnumeratedProperty, GeneralCategory,
        GeneralCategoryGroup, GraphemeExtend,
    },
};

/// Symbols and letters whose glyph is empty: BRAILLE PATTERN BLANK, EGYPTIAN HIEROGLYPH FULL BLANK
/// and HALF BLANK, MUSICAL SYMBOL NULL NOTEHEAD. Only their names say so, no property does.
const BLANK_GLYPHS: [char; 4] = ['\u{2800}', '\u{13441}', '\u{13442}', '\u{1D159}'];

/// What stands beside other characters or between them, and shows nothing alone.
const NEVER_ALONE: GeneralCategoryGroup = GeneralCategoryGroup::Mark
    .union(GeneralCategoryGroup::Separator)
    .union(GeneralCategoryGroup::Control)
    .union(GeneralCategoryGroup::Format);

/// Whether a character has a property that is yes or no.
pub(super) fn has<P: BinaryProperty>(c: char) -> bool {
    CodePointSetData::new::<P>().contains(c)
}

/// A character's value of a property that has several.
pub(super) fn value<P: EnumeratedProperty>(c: char) -> P {
    CodePointMapData::<P>::new().get(c)
}

/// Whether a character could disturb a line of text: control characters (NUL above all), line
/// breaks, and what reorders the text beside it (UAX 9 section 2, "Trojan Source").
#[must_use]
pub fn is_disturbing(c: char) -> bool {
    let category: GeneralCategory = value(c);
    category == GeneralCategory::Control || is_line_break(c) || is_reordering(c)
}

/// Whether a character ends a line wherever it stands: LF, CR, U+2028, U+2029.
pub(super) fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r')
        || matches!(
            value(c),
            GeneralCategory::LineSeparator | GeneralCategory::ParagraphSeparator
        )
}

/// The embeddings, overrides and isolates of UAX 9. The three marks (U+061C, U+200E, U+200F) move
/// only what they stand next to, and Arabic and Hebrew texts need them.
fn is_reordering(c: char) -> bool {
    matches!(
        value(c),
        BidiClass::LeftToRightEmbedding
            | BidiClass::RightToLeftEmbedding
            | BidiClass::LeftToRightOverride
            | BidiClass::RightToLeftOverride
            | BidiClass::PopDirectionalFormat
            | BidiClass::LeftToRightIsolate
            | BidiClass::RightToLeftIsolate
            | BidiClass::FirstStrongIsolate
            | BidiClass::PopDirectionalIsolate
    )
}

/// Whether a character shows nothing by itself: white space, and what is ignored by default
/// (joiners, fillers, variation selectors, tags).
#[must_use]
pub fn is_blank(c: char) -> bool {
    is_space(c) || is_ignorable(c)
}

/// Whether a character shows nothing and takes room.
pub(super) fn is_space(c: char) -> bool {
    c.is_whitespace() || BLANK_GLYPHS.contains(&c)
}

/// Whether a character shows nothing and takes no room (`Default_Ignorable_Code_Point`).
pub(super) fn is_ignorable(c: char) -> bool {
    has::<DefaultIgnorableCodePoint>(c)
}

/// Whether anything of a text is seen: more than blanks, and marks without a letter under them.
#[must_use]
pub fn shows_something(text: &str) -> bool {
    text.chars()
        .any(|c| !is_blank(c) && !NEVER_ALONE.contains(value(c)))
}

/// The most marks that one letter of a text has.
#[must_use]
pub fn most_marks(text: &str) -> usize {
    let (mut most, mut marks) = (0, 0);
    for c in text.chars() {
        if has::<GraphemeExtend>(c) {
            marks += 1;
            most = most.max(marks);
        } else if !is_ignorable(c) {
            marks = 0;
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_controls_a_line_disturbs_it_and_direction_marks_do_not() {
        for c in "\0\t\n\r\u{7f}\u{85}\u{2028}\u{2029}\u{202a}\u{202e}\u{2066}\u{2069}".chars() {
            assert!(is_disturbing(c), "{c:?}");
        }
        for c in "a ü\u{a0}\u{61c}\u{200b}\u{200d}\u{200e}\u{200f}\u{fe0f}\u{e0067}".chars() {
            assert!(!is_disturbing(c), "{c:?}");
        }
    }

    #[test]
    fn what_shows_nothing_is_known_by_its_property() {
        for c in "\t \u{a0}\u{3000}\u{2800}\u{ad}\u{34f}\u{61c}\u{115f}\u{1160}\u{17b4}\u{180e}\
            \u{200b}\u{200d}\u{2028}\u{2060}\u{2064}\u{2065}\u{206f}\u{3164}\u{fe0f}\u{feff}\
            \u{ffa0}\u{fff0}\u{1bca0}\u{1d173}\u{e0001}\u{e007f}\u{e0100}\u{e0fff}"
            .chars()
        {
            assert!(is_blank(c), "{c:?}");
        }
        for c in "aß中ㄱ\u{301}\u{20e3}\u{e000}\u{fffd}🏴🙂".chars() {
            assert!(!is_blank(c), "{c:?}");
        }
    }

    #[test]
    fn marks_alone_and_empty_glyphs_are_not_seen() {
        for unseen in [
            "",
            "\u{301}",
            " \u{20dd}",
            "\u{1d159}\u{13441}",
            "\u{e0067}",
        ] {
            assert!(!shows_something(unseen), "{unseen:?}");
        }
        for seen in ["a", "e\u{301}", ".", "1\u{fe0f}\u{20e3}", "\u{e000}", "ー"] {
            assert!(shows_something(seen), "{seen:?}");
        }
    }

    #[test]
    fn marks_are_counted_for_each_letter_whatever_unseen_is_between_them() {
        assert_eq!(most_marks("Ana"), 0);
        assert_eq!(most_marks("e\u{301}o\u{301}\u{302}"), 2);
        assert_eq!(most_marks("a\u{301}\u{200d}\u{301}\u{2060}\u{301}b"), 3);
        assert_eq!(most_marks("🏴\u{e0067}\u{e0062}\u{e0065}\u{e007f}"), 4);
    }
}
