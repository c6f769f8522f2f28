//! Small graphs of one line: sparklines and bars. A missing value leaves a gap; it is never drawn as zero.

use crate::ui::symbols::SymbolSet;

/// A sparkline with one character a value, scaled from zero to the largest value.
pub(crate) fn sparkline(values: &[Option<f64>], symbols: &SymbolSet) -> String {
    let top = values.iter().flatten().copied().fold(0.0_f64, f64::max);
    let last = symbols.levels.len() - 1;
    values
        .iter()
        .map(|value| match value {
            None => symbols.gap,
            Some(v) if top <= 0.0 || *v <= 0.0 => symbols.levels[0],
            Some(v) => {
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= share <= 1")]
                let level = (v / top * last as f64).round() as usize;
                symbols.levels[level.min(last)]
            }
        })
        .collect()
}

/// A chart of some lines, upper one first, with one column a value. One line is a sparkline.
pub(crate) fn chart(values: &[Option<f64>], height: usize, symbols: &SymbolSet) -> Vec<String> {
    if height <= 1 {
        return vec![sparkline(values, symbols)];
    }
    let top = values.iter().flatten().copied().fold(0.0_f64, f64::max);
    let levels = symbols.levels.len();
    let steps = |v: f64| {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= share <= 1")]
        let steps = if top > 0.0 { (v.max(0.0) / top * (levels * height) as f64).round() as usize } else { 0 };
        // What is there is seen, even when it is nothing.
        steps.clamp(1, levels * height)
    };
    (0..height)
        .rev()
        .map(|line| {
            let symbol = |value: &Option<f64>| match value {
                None if line == 0 => symbols.gap,
                None => " ",
                Some(v) => match steps(*v).saturating_sub(line * levels) {
                    0 => " ",
                    n => symbols.levels[n.min(levels) - 1],
                },
            };
            values.iter().map(symbol).collect()
        })
        .collect()
}

/// A bar of `width` columns, filled to a share between 0 and 1.
pub(crate) fn bar(share: f64, width: usize, symbols: &SymbolSet) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped between 0 and the width")]
    let mut filled = (share.clamp(0.0, 1.0) * width as f64).round() as usize;
    // Neither "full" nor "empty" is said before it is true.
    if share < 1.0 && filled == width {
        filled = width.saturating_sub(1);
    }
    if share > 0.0 && filled == 0 {
        filled = width.min(1);
    }
    symbols.bar[0].repeat(filled) + &symbols.bar[1].repeat(width - filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::symbols::Symbols;

    #[test]
    fn gaps_are_not_zeros() {
        let ascii = Symbols::Ascii.set();
        assert_eq!(sparkline(&[Some(0.0), None, Some(5.0), Some(10.0)], ascii), "_ -#");
        assert_eq!(sparkline(&[Some(0.0), Some(0.0)], ascii), "__");
        assert_eq!(sparkline(&[None, None], Symbols::Unicode.set()), "··");
        assert_eq!(sparkline(&[], ascii), "");
    }

    #[test]
    fn charts_stand_on_their_last_line() {
        let ascii = Symbols::Ascii.set();
        assert_eq!(chart(&[Some(0.0), None, Some(5.0), Some(10.0)], 2, ascii), ["   #", "_ ##"]);
        assert_eq!(chart(&[Some(6.0), Some(10.0)], 2, ascii), ["_#", "##"]);
        assert_eq!(chart(&[Some(1.0)], 1, ascii), ["#"]);
        assert_eq!(chart(&[Some(0.0)], 2, ascii), [" ", "_"]);
    }

    #[test]
    fn bars_are_full_only_when_full() {
        let ascii = Symbols::Ascii.set();
        assert_eq!(bar(0.999, 4, ascii), "###-");
        assert_eq!(bar(1.0, 4, ascii), "####");
        assert_eq!(bar(0.001, 4, ascii), "#---");
        assert_eq!(bar(0.0, 4, ascii), "----");
        assert_eq!(bar(7.0, 2, ascii), "##");
        assert_eq!(bar(0.5, 0, ascii), "");
    }
}
