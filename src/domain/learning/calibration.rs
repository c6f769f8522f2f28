//! Whether what is shown is true: of the fixes that were shown with a confidence, how many held.

use super::{Ended, Outcome};

/// Fixes that were shown with about the same confidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Shown with at least this,
    pub from: u8,
    /// and at most this.
    pub to: u8,
    /// How many ran.
    pub fixes: u32,
    /// How many of them held.
    pub held: u32,
}

impl Band {
    /// `of 12 fixes shown at 80-89, 10 held (83 %)`.
    pub fn words(&self) -> String {
        let Self { from, to, fixes, held } = self;
        let noun = if *fixes == 1 { "fix" } else { "fixes" };
        let share = (u64::from(*held) * 100 + u64::from(*fixes) / 2) / u64::from(*fixes).max(1);
        format!("of {fixes} {noun} shown at {from}-{to}, {held} held ({share} %)")
    }
}

/// In bands of ten points, the surest first; bands without fixes are left out. 100 belongs to the nineties.
pub fn calibration(outcomes: &[Outcome]) -> Vec<Band> {
    let mut bands: Vec<Band> = (0..10_u8)
        .rev()
        .map(|ten| Band { from: ten * 10, to: if ten == 9 { 100 } else { ten * 10 + 9 }, fixes: 0, held: 0 })
        .collect();
    for outcome in outcomes.iter().filter(|outcome| outcome.proposal.is_some()) {
        if let Some(band) = bands.iter_mut().find(|band| outcome.shown.min(100) >= band.from) {
            band.fixes += 1;
            band.held += u32::from(outcome.ended == Ended::Held);
        }
    }
    bands.retain(|band| band.fixes > 0);
    bands
}
