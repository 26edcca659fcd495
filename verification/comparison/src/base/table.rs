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

/// A table with text in its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grid {
    /// The titles of the columns.
    pub head: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with these titles and rows.
    pub fn new<R>(head: &[&str], rows: R) -> Self
    where
        R: IntoIterator,
        R::Item: IntoIterator<Item = String>,
    {
        Grid {
            head: head.iter().map(|&title| title.to_owned()).collect(),
            rows: rows.into_iter().map(|row| row.into_iter().collect()).collect(),
        }
    }

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
        let line = |cells: Vec<String>| format!("|{}\n", cells.join("|") + "|");
        let cell = |text: &str| {
            let text = text.replace('|', "\\|");
            if text.is_empty() {
                " ".to_owned()
            } else {
                format!(" {text} ")
            }
        };
        let cells = |row: &[String]| line(row.iter().map(|text| cell(text)).collect());
        let mut out = cells(&self.head);
        out += &line(vec![" --- ".to_owned(); self.head.len()]);
        for row in &self.rows {
            out += &cells(row);
        }
        out
    }
}

/// Text in bold type, in Markdown.
pub fn bold(text: &str) -> String {
    format!("**{text}**")
}

#[cfg(test)]
mod tests {
    use super::Grid;

    #[test]
    fn a_table_has_a_head_and_a_line_a_row() {
        let rows = [["a|b".to_owned(), String::new()]];
        assert_eq!(Grid::new(&["", "x"], rows).markdown(), "| | x |\n| --- | --- |\n| a\\|b | |\n");
    }
}
