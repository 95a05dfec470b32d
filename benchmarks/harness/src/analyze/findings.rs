//! What a section found.

use serde::{Deserialize, Serialize};

/// What a section found, as the report shows it and `section.json` keeps it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Findings {
    /// The main numbers, each with its name.
    pub facts: Vec<(String, String)>,
    /// The plots.
    pub panels: Vec<Panel>,
    /// The tables; the first stands open, the others unfold.
    pub tables: Vec<Table>,
    /// Panels that have no data, each with the reason and what would change it.
    pub absent: Vec<Absent>,
    /// Sentences that a reader must not miss.
    pub warnings: Vec<String>,
    /// What was done, in paragraphs that a paper's methods could hold.
    pub methods: Vec<String>,
    /// The data files, by their names in the section's folder, and what they hold.
    pub files: Vec<(String, String)>,
}

/// A plot.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Panel {
    /// The file of the plot in the section's folder, `NAME.svg`.
    pub file: String,
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// Whether it takes the width of the page.
    pub wide: bool,
    /// The plot; in the file alone once it is written.
    #[serde(skip)]
    pub svg: String,
}

/// A table of the report.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// How to read it.
    pub caption: String,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// The rows, each with a cell a column.
    pub rows: Vec<Vec<String>>,
}

/// A panel without data.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct Absent {
    /// What would have been shown.
    pub title: String,
    /// Why it is not, and what to do about it.
    pub reason: String,
}

impl Findings {
    /// Adds a main number.
    pub fn fact(&mut self, name: impl Into<String>, value: impl ToString) {
        self.facts.push((name.into(), value.to_string()));
    }

    /// Adds a plot of half a page's width: `name` without `.svg`.
    pub fn panel(&mut self, name: &str, title: impl Into<String>, caption: impl Into<String>, svg: String) {
        let (title, caption) = (title.into(), caption.into());
        self.panels.push(Panel { file: format!("{name}.svg"), title, caption, wide: false, svg });
    }

    /// Adds a plot of a page's width: `name` without `.svg`.
    pub fn wide_panel(
        &mut self,
        name: &str,
        title: impl Into<String>,
        caption: impl Into<String>,
        svg: String,
    ) {
        self.panel(name, title, caption, svg);
        if let Some(panel) = self.panels.last_mut() {
            panel.wide = true;
        }
    }

    /// Says that a panel has no data.
    pub fn absent(&mut self, title: impl Into<String>, reason: impl Into<String>) {
        self.absent.push(Absent { title: title.into(), reason: reason.into() });
    }

    /// Adds a paragraph of the methods.
    pub fn method(&mut self, paragraph: impl Into<String>) {
        self.methods.push(paragraph.into());
    }
}

impl Table {
    /// Creates a table without rows.
    pub fn new(title: impl Into<String>, caption: impl Into<String>, columns: &[&str]) -> Self {
        Self {
            title: title.into(),
            caption: caption.into(),
            columns: columns.iter().map(|&name| name.to_owned()).collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl ToString>) {
        self.rows.push(cells.into_iter().map(|cell| cell.to_string()).collect());
    }
}
