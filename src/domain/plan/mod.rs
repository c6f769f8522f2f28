//! A plan of a statement, whichever engine made it: its steps with what was expected of each and what happened, and
//! what a colleague sees in it.

pub mod findings;

/// What a step does with memory that was too small for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spill {
    /// As the plan says it: `external merge, 10240 kB on disk`.
    pub words: String,
}

/// How a step reads a table or a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// It reads none itself, or only what it wants through an index.
    #[default]
    Chosen,
    /// Every row of the table.
    Whole,
    /// Every entry of an index.
    WholeIndex,
}

/// One step. Rows and times are those of one run of it, as servers print them; `None` is not known.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Step {
    /// Its depth in the tree; the root is at 0.
    pub depth: usize,
    /// What it does, as the plan says it. Untrusted.
    pub name: String,
    /// The table, collection or index it reads, as the plan says it. Untrusted.
    pub on: Option<String>,
    /// How it reads that.
    pub access: Access,
    /// Estimated cost of it and of everything below it, in the server's own unit.
    pub cost: Option<f64>,
    /// Rows that were expected.
    pub expected_rows: Option<f64>,
    /// Rows that came.
    pub actual_rows: Option<f64>,
    /// How often it ran; 0: never.
    pub loops: Option<f64>,
    /// Milliseconds of it and of everything below it.
    pub actual_ms: Option<f64>,
    /// Rows that it read and threw away.
    pub removed_rows: Option<f64>,
    /// By which condition. Untrusted.
    pub filter: Option<String>,
    /// It wrote to disk.
    pub spill: Option<Spill>,
}

/// A plan: its steps from the root, each before those below it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// The steps. A plan has at least one.
    pub steps: Vec<Step>,
    /// Milliseconds that the statement took, where it ran.
    pub execution_ms: Option<f64>,
    /// What the plan says besides, in words: `uses a temporary table`.
    pub notes: Vec<String>,
}

impl Plan {
    /// The statement ran: rows and times are measured.
    pub fn was_run(&self) -> bool {
        self.steps.iter().any(|step| step.actual_rows.is_some())
    }

    /// Places of the steps right below a step.
    pub fn children(&self, place: usize) -> impl Iterator<Item = usize> + '_ {
        let depth = self.steps.get(place).map_or(0, |step| step.depth);
        let below = self.steps.iter().enumerate().skip(place + 1).take_while(move |(_, step)| step.depth > depth);
        // Some plans leave levels out: a child is the first on its own branch, not one at exactly one level more.
        let mut nearest = usize::MAX;
        below.filter_map(move |(i, step)| {
            nearest = nearest.min(step.depth);
            (step.depth == nearest).then_some(i)
        })
    }
}
