//! What a check answers with: what was compared, where it was worst, by how much, against which bound.

use lattice_tensor::Lattice;
use std::fmt;

/// The answer of the kit about one thing. [`Report::assert`] turns it into a test.
///
/// ```
/// use lattice_autograd::check::{Finding, Place, Report};
/// let mut sum = Finding::new("1 + 1");
/// sum.compare(2.0, 2.0, 1e-15, Place::default);
/// sum.compare(3.0, 2.0, 1e-15, || Place::sample(4));
/// let mut report = Report::new("arithmetic");
/// report.add(sum);
/// assert!(!report.passed());
/// assert_eq!(report.failures().next().map(|f| f.deviation), Some(1.0));
/// assert!(report.to_string().contains("FAIL   1 + 1"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a report says whether the checks passed"]
pub struct Report {
    /// What was checked.
    pub subject: String,
    /// One entry for each property.
    pub findings: Vec<Finding>,
}

/// What became of one property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds within its bound.
    Passed,
    /// It does not.
    Failed,
    /// It was not tested; the note says why.
    Skipped,
}

/// One property: the comparison in which the deviation was largest in units of its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The property.
    pub check: String,
    /// Whether it holds.
    pub verdict: Verdict,
    /// `|found − expected|`; NaN if one of them is not a number.
    pub deviation: f64,
    /// What is allowed.
    pub bound: f64,
    /// What the thing gave.
    pub found: f64,
    /// What it should have given.
    pub expected: f64,
    /// Where.
    pub place: Place,
    /// How many numbers were compared.
    pub compared: usize,
    /// In words, what the numbers do not say.
    pub note: String,
}

/// Where something is: as much of it as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The argument, parameter or output, by name.
    pub name: Option<String>,
    /// The sample.
    pub sample: Option<usize>,
    /// The coordinates of the site.
    pub site: Option<Vec<usize>>,
    /// The component of what sits there, if there are several.
    pub component: Option<usize>,
}

impl Report {
    /// A report without findings.
    pub fn new(subject: impl Into<String>) -> Report {
        Report { subject: subject.into(), findings: Vec::new() }
    }

    /// A report about a thing on a lattice; a long description is cut after its first word.
    pub fn about(thing: &dyn fmt::Debug, lattice: &Lattice) -> Report {
        let text = format!("{thing:?}");
        let word = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        Report::new(format!("{} on {:?}", if text.len() > 60 { word } else { &text }, lattice.extents()))
    }

    /// Adds the answer about one property.
    pub fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Adds all findings of another report, each under a heading.
    pub fn include(&mut self, heading: &str, other: Report) {
        self.findings
            .extend(other.findings.into_iter().map(|f| Finding { check: format!("{heading}: {}", f.check), ..f }));
    }

    /// Whether nothing failed.
    pub fn passed(&self) -> bool {
        self.failures().next().is_none()
    }

    /// What failed.
    pub fn failures(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|f| f.verdict == Verdict::Failed)
    }

    /// The answer about a property by name.
    pub fn find(&self, check: &str) -> Option<&Finding> {
        self.findings.iter().find(|f| f.check == check)
    }

    /// Fails a test with the whole report unless everything passed.
    ///
    /// # Panics
    /// If a property failed.
    #[track_caller]
    pub fn assert(&self) {
        assert!(self.passed(), "{self}");
    }
}

impl Finding {
    /// A property of which nothing has been compared yet.
    pub fn new(check: impl Into<String>) -> Finding {
        Finding {
            check: check.into(),
            verdict: Verdict::Passed,
            deviation: 0.0,
            bound: 0.0,
            found: 0.0,
            expected: 0.0,
            place: Place::default(),
            compared: 0,
            note: String::new(),
        }
    }

    /// A property that is not tested, and why.
    pub fn skipped(check: impl Into<String>, why: impl Into<String>) -> Finding {
        Finding { verdict: Verdict::Skipped, note: why.into(), ..Finding::new(check) }
    }

    /// Compares two numbers; the comparison with the largest deviation in units of its bound is kept. Equal numbers
    /// agree, infinite ones too; what is not a number agrees with nothing.
    pub fn compare(&mut self, found: f64, expected: f64, bound: f64, place: impl FnOnce() -> Place) {
        self.compared += 1;
        let deviation = if found == expected { 0.0 } else { (found - expected).abs() };
        let fails = deviation.is_nan() || bound.is_nan() || deviation > bound;
        let units = |deviation: f64, bound: f64| match deviation / bound {
            _ if deviation == 0.0 => 0.0,
            ratio if ratio.is_nan() => f64::INFINITY,
            ratio => ratio,
        };
        let worse = units(deviation, bound) > units(self.deviation, self.bound);
        let worse = if fails == (self.verdict == Verdict::Failed) { worse } else { fails };
        if worse || self.compared == 1 {
            (self.deviation, self.bound, self.found, self.expected) = (deviation, bound, found, expected);
            self.place = place();
        }
        if fails {
            self.verdict = Verdict::Failed;
        }
    }

    /// The same with words added.
    pub fn with_note(mut self, note: impl Into<String>) -> Finding {
        self.note = note.into();
        self
    }
}

impl Place {
    /// Somewhere in a sample.
    pub fn sample(sample: usize) -> Place {
        Place { sample: Some(sample), ..Place::default() }
    }

    /// A thing by name.
    pub fn named(name: impl Into<String>) -> Place {
        Place { name: Some(name.into()), ..Place::default() }
    }

    /// On a site of it.
    pub fn at(mut self, site: Vec<usize>) -> Place {
        self.site = Some(site);
        self
    }

    /// In a sample of it.
    pub fn of_sample(mut self, sample: usize) -> Place {
        self.sample = Some(sample);
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        parts.extend(self.name.clone());
        parts.extend(self.sample.map(|s| format!("sample {s}")));
        parts.extend(self.site.as_ref().map(|x| {
            let x: Vec<String> = x.iter().map(usize::to_string).collect();
            format!("site ({})", x.join(", "))
        }));
        parts.extend(self.component.map(|c| format!("component {c}")));
        f.write_str(&parts.join(", "))
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { check, deviation, bound, found, expected, place, note, .. } = self;
        match self.verdict {
            Verdict::Passed if self.compared == 0 => write!(f, "ok     {check}")?,
            Verdict::Passed => write!(f, "ok     {check}: off by {deviation:.1e}, allowed {bound:.1e}")?,
            Verdict::Skipped => return write!(f, "--     {check}: {note}"),
            Verdict::Failed => {
                write!(f, "FAIL   {check}: off by {deviation:.1e}, allowed {bound:.1e}")?;
                let (at, place) = (if *place == Place::default() { "" } else { " at " }, place.to_string());
                write!(f, "\n       {found:.6e} for {expected:.6e}{at}{place}")?;
            }
        }
        if note.is_empty() { Ok(()) } else { write!(f, "\n       {note}") }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (failed, count) = (self.failures().count(), self.findings.len());
        let skipped = self.findings.iter().filter(|f| f.verdict == Verdict::Skipped).count();
        write!(f, "{}: ", self.subject)?;
        match failed {
            0 => write!(f, "{} checks passed", count - skipped)?,
            _ => write!(f, "{failed} of {} checks FAILED", count - skipped)?,
        }
        self.findings.iter().try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_comparison_is_kept() {
        let mut finding = Finding::new("numbers");
        for (i, (found, bound)) in
            [(1.1, 0.2), (1.3, 0.5), (1.2, 0.1), (1.15, 0.1), (5.0, 10.0)].into_iter().enumerate()
        {
            finding.compare(found, 1.0, bound, || Place::sample(i));
        }
        assert_eq!((finding.verdict, finding.place.sample, finding.compared), (Verdict::Failed, Some(2), 5));
        finding.compare(f64::NAN, 1.0, 10.0, || Place::sample(9));
        finding.compare(2.0, 1.0, 0.5, || Place::sample(10));
        assert_eq!(finding.place.sample, Some(9));
    }

    #[test]
    fn equal_infinities_agree_and_nothing_agrees_with_nan() {
        let mut finding = Finding::new("numbers");
        finding.compare(f64::INFINITY, f64::INFINITY, 0.0, Place::default);
        assert_eq!(finding.verdict, Verdict::Passed);
        finding.compare(f64::NAN, f64::NAN, f64::INFINITY, Place::default);
        assert_eq!(finding.verdict, Verdict::Failed);
    }

    #[test]
    fn a_report_prints_what_failed_where_and_by_how_much() {
        let mut report = Report::new("thing");
        let mut finding = Finding::new("force");
        finding.compare(1.5, 1.0, 0.25, || Place::named("phi").of_sample(2).at(vec![0, 3]));
        report.add(finding.with_note("words"));
        report.add(Finding::skipped("rotations", "not claimed"));
        report.add(Finding::new("nothing"));
        let expected = "thing: 1 of 2 checks FAILED\n\
            FAIL   force: off by 5.0e-1, allowed 2.5e-1\n\
            \x20      1.500000e0 for 1.000000e0 at phi, sample 2, site (0, 3)\n\
            \x20      words\n\
            --     rotations: not claimed\n\
            ok     nothing";
        assert_eq!(report.to_string(), expected);
    }
}
