//! Tables of the terminal and of Markdown.

use comfy_table::{presets, Cell, CellAlignment, ContentArrangement, Table};

/// An empty table without borders, as wide as the terminal.
pub fn plain() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table
}

/// A cell that is aligned to the right.
pub fn right(text: impl ToString) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// A table in Markdown.
pub fn markdown<R>(head: &[&str], rows: R) -> String
where
    R: IntoIterator,
    R::Item: IntoIterator<Item = String>,
{
    let line = |cells: Vec<String>| format!("|{}\n", cells.join("|") + "|");
    let cell = |text: &str| {
        let text = text.replace('|', "\\|");
        if text.is_empty() {
            " ".to_owned()
        } else {
            format!(" {text} ")
        }
    };
    let mut out = line(head.iter().map(|text| cell(text)).collect());
    out += &line(vec![" --- ".to_owned(); head.len()]);
    for row in rows {
        out += &line(row.into_iter().map(|text| cell(&text)).collect());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::markdown;

    #[test]
    fn a_table_has_a_head_and_a_line_a_row() {
        let rows = [["a|b".to_owned(), String::new()]];
        assert_eq!(markdown(&["", "x"], rows), "| | x |\n| --- | --- |\n| a\\|b | |\n");
    }
}
