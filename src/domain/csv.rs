//! Tables as text (RFC 4180) that no spreadsheet runs (OWASP CSV Injection).

/// What a cell must not begin with: a spreadsheet would take the rest for a formula.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A line of cells, with its end.
#[must_use]
pub fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells: Vec<String> = cells.into_iter().map(cell).collect();
    cells.join(",") + "\r\n"
}

fn cell(text: &str) -> String {
    let shield = if text.starts_with(FORMULA) { "'" } else { "" };
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{shield}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{shield}{text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_when_they_must_be() {
        assert_eq!(line(["a", "", "b c"]), "a,,b c\r\n");
        assert_eq!(
            line(["a,b", "say \"x\"", "1\n2"]),
            "\"a,b\",\"say \"\"x\"\"\",\"1\n2\"\r\n"
        );
    }

    #[test]
    fn nothing_is_a_formula() {
        for (typed, written) in [
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@sum", "'@sum"),
            ("\tx", "'\tx"),
            ("=a,b", "\"'=a,b\""),
            ("a=b", "a=b"),
            ("2026-01-02", "2026-01-02"),
        ] {
            assert_eq!(line([typed]), format!("{written}\r\n"));
        }
    }
}
