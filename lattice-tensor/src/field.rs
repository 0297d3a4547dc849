//! Fields: numbers on the sites of a lattice, for a batch of samples.

use crate::device::cpu::Aligned;
use crate::error::{Error, Result};
use crate::lanes::Real;
use crate::lattice::Location;
use crate::layout::Layout;
use crate::spec::{Fibre, Spec};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// What sits on a site, as a type.
pub trait OnSite: Copy + Clone + std::fmt::Debug + Send + Sync + 'static {}

/// One real number on each site.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;
/// One complex number on each site.
#[derive(Clone, Copy, Debug)]
pub struct Complex;
/// A run-time number of real channels on each site.
#[derive(Clone, Copy, Debug)]
pub struct Channels;

impl OnSite for Scalar {}
impl OnSite for Complex {}
impl OnSite for Channels {}

/// A field whose type is known at run time only; what programs take and give.
#[derive(Clone, Debug)]
pub struct FieldData<R: Real> {
    layout: Arc<Layout>,
    location: Location,
    fibre: Fibre,
    rows: usize,
    samples: usize,
    numbers: Aligned<R>,
}

/// A field with `F` on each site, for a batch of samples.
#[derive(Clone, Debug)]
pub struct Field<F: OnSite, R: Real> {
    data: FieldData<R>,
    of: PhantomData<F>,
}

/// A real field.
pub type ScalarField<R> = Field<Scalar, R>;

impl<R: Real> FieldData<R> {
    /// A field of zeros.
    ///
    /// # Errors
    /// If the sub-lattice does not fit the layout or there is not enough memory.
    pub fn zeros(layout: &Arc<Layout>, location: Location, fibre: Fibre, samples: usize) -> Result<Self> {
        layout.check_width::<R>()?;
        let rows = layout.rows(location)?.len();
        let per_block = rows as u128 * fibre.components() as u128 * R::WIDTH as u128;
        let numbers = per_block.saturating_mul(layout.blocks(samples) as u128);
        let bytes = numbers.saturating_mul(size_of::<R>() as u128);
        let len = usize::try_from(numbers).map_err(|_| Error::OutOfMemory { what: "a field".into(), bytes })?;
        Ok(FieldData {
            layout: layout.clone(),
            location,
            fibre,
            rows,
            samples,
            numbers: Aligned::zeros(len, "a field")?,
        })
    }

    /// The type of the field.
    pub fn spec(&self) -> Spec {
        Spec::Field { location: self.location, fibre: self.fibre }
    }

    /// Where its numbers lie.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Where its numbers lie, shared.
    pub fn shared_layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// How many samples it holds.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// All numbers, `[block][row][component][lane]`.
    pub fn numbers(&self) -> &[R] {
        &self.numbers
    }

    /// All numbers, to be written.
    pub fn numbers_mut(&mut self) -> &mut [R] {
        &mut self.numbers
    }

    /// The numbers of one sample in the order `[site][component]`, sites in the order of their numbers.
    pub fn sample(&self, sample: usize) -> Vec<R> {
        self.indices(sample).into_iter().map(|i| self.numbers[i]).collect()
    }

    /// Sets the numbers of one sample, in the order of [`FieldData::sample`].
    ///
    /// # Errors
    /// If there are not exactly as many numbers as the field has on one sample.
    pub fn set_sample(&mut self, sample: usize, values: &[R]) -> Result<()> {
        let indices = self.indices(sample);
        if indices.len() != values.len() || sample >= self.samples {
            return Err(Error::Binding {
                what: format!("sample {sample} of {}", self.samples),
                expected: format!("{} numbers", indices.len()),
                found: values.len().to_string(),
            });
        }
        indices.into_iter().zip(values).for_each(|(i, &x)| self.numbers[i] = x);
        Ok(())
    }

    /// Exchanges two samples.
    ///
    /// # Errors
    /// If there is no such sample.
    pub fn swap_samples(&mut self, a: usize, b: usize) -> Result<()> {
        if a.max(b) >= self.samples {
            return Err(Error::Binding {
                what: "sample".into(),
                expected: format!("one of {}", self.samples),
                found: a.max(b).to_string(),
            });
        }
        let (nodes, per_row) = (self.layout.nodes(), self.layout.samples_per_row());
        let numbers = self.rows * self.fibre.components();
        let first = |sample: usize| sample / per_row * numbers * R::WIDTH + sample % per_row * nodes;
        let (a, b) = (first(a), first(b));
        for row in 0..numbers {
            (0..nodes).for_each(|node| self.numbers.swap(a + row * R::WIDTH + node, b + row * R::WIDTH + node));
        }
        Ok(())
    }

    /// The places of one sample's numbers.
    fn indices(&self, sample: usize) -> Vec<usize> {
        let layout = &self.layout;
        let (block, lane0) = (sample / layout.samples_per_row(), sample % layout.samples_per_row() * layout.nodes());
        let components = self.fibre.components();
        let rows = layout.rows(self.location).unwrap_or_default();
        let mut sites: Vec<(usize, usize, usize)> = Vec::with_capacity(rows.len() * layout.nodes());
        for (row, &outer) in rows.iter().enumerate() {
            sites.extend((0..layout.nodes()).map(|node| (layout.site(outer, node), row, node)));
        }
        sites.sort_unstable();
        let place = |row, node, c| ((block * self.rows + row) * components + c) * R::WIDTH + lane0 + node;
        sites.into_iter().flat_map(|(_, row, node)| (0..components).map(move |c| place(row, node, c))).collect()
    }
}

impl<F: OnSite, R: Real> Field<F, R> {
    /// Takes a field of run-time type; the caller vouches for what sits on a site.
    pub fn from_data(data: FieldData<R>) -> Self {
        Field { data, of: PhantomData }
    }
}

impl<R: Real> ScalarField<R> {
    /// A real field of zeros on every site.
    ///
    /// ```
    /// # use lattice_tensor::{Lattice, Layout, field::ScalarField};
    /// let layout = Layout::samples(&Lattice::periodic([4, 4])?, 16).into();
    /// let mut phi = ScalarField::<f32>::zeros(&layout, 3)?;
    /// phi.set_sample(2, &[1.5; 16])?;
    /// assert_eq!(phi.sample(2)[7], 1.5);
    /// # Ok::<(), lattice_tensor::Error>(())
    /// ```
    ///
    /// # Errors
    /// If there is not enough memory.
    pub fn zeros(layout: &Arc<Layout>, samples: usize) -> Result<Self> {
        Ok(Self::from_data(FieldData::zeros(layout, Location::All, Fibre::Scalar, samples)?))
    }
}

impl<F: OnSite, R: Real> Deref for Field<F, R> {
    type Target = FieldData<R>;
    fn deref(&self) -> &FieldData<R> {
        &self.data
    }
}

impl<F: OnSite, R: Real> DerefMut for Field<F, R> {
    fn deref_mut(&mut self) -> &mut FieldData<R> {
        &mut self.data
    }
}
