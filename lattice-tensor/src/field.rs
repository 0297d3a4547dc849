//! Fields: numbers on the sites of a lattice, for a batch of samples.

mod numbers;

#[cfg(feature = "gpu")]
use crate::device::Remote;
use crate::device::cpu::Aligned;
use crate::error::{Error, Result};
use crate::group::Group;
use crate::lanes::Real;
use crate::lattice::Location;
use crate::layout::Layout;
use crate::spec::{Fibre, Spec};
use numbers::Numbers;
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

/// A link for each direction on each site: elements of the group `G`.
#[derive(Clone, Copy, Debug)]
pub struct Links<G: Group>(PhantomData<G>);
/// An element of the algebra of `G` for each direction on each site: momenta, forces.
#[derive(Clone, Copy, Debug)]
pub struct Momenta<G: Group>(PhantomData<G>);
/// One element of the group `G` on each site.
#[derive(Clone, Copy, Debug)]
pub struct Element<G: Group>(PhantomData<G>);
/// One matrix on each site, such as a sum of elements of the group `G`.
#[derive(Clone, Copy, Debug)]
pub struct Matrix<G: Group>(PhantomData<G>);
/// One element of the algebra of `G` on each site.
#[derive(Clone, Copy, Debug)]
pub struct Algebra<G: Group>(PhantomData<G>);

impl<G: Group> OnSite for Links<G> {}
impl<G: Group> OnSite for Momenta<G> {}
impl<G: Group> OnSite for Element<G> {}
impl<G: Group> OnSite for Matrix<G> {}
impl<G: Group> OnSite for Algebra<G> {}
impl OnSite for Scalar {}
impl OnSite for Complex {}
impl OnSite for Channels {}

/// A field whose type is known at run time only; what programs take and give.
///
/// What a GPU has written stays there until it is read, and what programs there read again is not moved. Reading then
/// fetches all numbers at once, which can fail; on the processor reading and writing always succeed. A clone shares the
/// copy on a GPU until either field is written.
#[derive(Clone, Debug)]
pub struct FieldData<R: Real> {
    layout: Arc<Layout>,
    location: Location,
    fibre: Fibre,
    rows: usize,
    samples: usize,
    numbers: Numbers<R>,
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
            numbers: Numbers::new(Aligned::zeros(len, "a field")?),
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
    ///
    /// # Errors
    /// If they lie on a GPU and cannot be fetched.
    pub fn numbers(&self) -> Result<&[R]> {
        self.numbers.get()
    }

    /// All numbers, to be written.
    ///
    /// # Errors
    /// As [`FieldData::numbers`].
    pub fn numbers_mut(&mut self) -> Result<&mut [R]> {
        self.numbers.get_mut()
    }

    /// The numbers of one sample in the order `[site][component]`, sites in the order of their numbers.
    ///
    /// # Errors
    /// If there is no such sample; as [`FieldData::numbers`].
    pub fn sample(&self, sample: usize) -> Result<Vec<R>> {
        self.check_sample(sample)?;
        let numbers = self.numbers()?;
        Ok(self.indices(sample).into_iter().map(|i| numbers[i]).collect())
    }

    /// Sets the numbers of one sample, in the order of [`FieldData::sample`].
    ///
    /// # Errors
    /// If there are not exactly as many numbers as the field has on one sample; as [`FieldData::sample`].
    pub fn set_sample(&mut self, sample: usize, values: &[R]) -> Result<()> {
        self.check_sample(sample)?;
        let indices = self.indices(sample);
        if indices.len() != values.len() {
            return Err(Error::Binding {
                what: format!("sample {sample} of {}", self.samples),
                expected: format!("{} numbers", indices.len()),
                found: values.len().to_string(),
            });
        }
        let numbers = self.numbers_mut()?;
        indices.into_iter().zip(values).for_each(|(i, &x)| numbers[i] = x);
        Ok(())
    }

    /// Exchanges two samples.
    ///
    /// # Errors
    /// As [`FieldData::sample`].
    pub fn swap_samples(&mut self, a: usize, b: usize) -> Result<()> {
        self.check_sample(a.max(b))?;
        let (nodes, per_row) = (self.layout.nodes(), self.layout.samples_per_row());
        let numbers = self.rows * self.fibre.components();
        let first = |sample: usize| sample / per_row * numbers * R::WIDTH + sample % per_row * nodes;
        let (a, b) = (first(a), first(b));
        let all = self.numbers_mut()?;
        for row in 0..numbers {
            (0..nodes).for_each(|node| all.swap(a + row * R::WIDTH + node, b + row * R::WIDTH + node));
        }
        Ok(())
    }

    /// Copies sample `from` of another field of the same type and layout to a sample. Allocates nothing.
    ///
    /// # Errors
    /// If the fields differ in type or layout; as [`FieldData::sample`].
    pub fn copy_sample(&mut self, sample: usize, of: &FieldData<R>, from: usize) -> Result<()> {
        self.check_sample(sample)?;
        of.check_sample(from)?;
        if self.spec() != of.spec() || self.layout != of.layout {
            let text = |field: &Self| format!("{} of layout {:?}", field.spec(), field.layout.lattice());
            let what = format!("sample {from} of a field");
            return Err(Error::Binding { what, expected: text(self), found: text(of) });
        }
        let (nodes, per_row) = (self.layout.nodes(), self.layout.samples_per_row());
        let numbers = self.rows * self.fibre.components();
        let first = |sample: usize| sample / per_row * numbers * R::WIDTH + sample % per_row * nodes;
        let (to, begin) = (first(sample), first(from));
        let (read, written) = (of.numbers()?, self.numbers_mut()?);
        for row in (0..numbers).map(|row| row * R::WIDTH) {
            written[to + row..to + row + nodes].copy_from_slice(&read[begin + row..begin + row + nodes]);
        }
        Ok(())
    }

    fn check_sample(&self, sample: usize) -> Result<()> {
        if sample < self.samples {
            return Ok(());
        }
        let (expected, found) = (format!("one of {}", self.samples), sample.to_string());
        Err(Error::Binding { what: "sample".into(), expected, found })
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

/// For devices.
impl<R: Real> FieldData<R> {
    /// All numbers if they are on the host, and none if they are not.
    pub(crate) fn on_host(&self) -> &[R] {
        self.numbers.on_host()
    }

    /// All numbers on the host, to be overwritten as a whole.
    pub(crate) fn overwrite(&mut self) -> Result<&mut [R]> {
        self.numbers.overwrite()
    }
}

/// For a GPU.
#[cfg(feature = "gpu")]
impl<R: Real> FieldData<R> {
    /// The copy on a GPU, if it holds the field's numbers.
    pub(crate) fn remote(&self) -> Option<Arc<dyn Remote>> {
        self.numbers.remote()
    }

    /// Takes out the stale copy of numbers that have been written on the host since, whose memory may be used again.
    pub(crate) fn take_spare_remote(&self) -> Option<Arc<dyn Remote>> {
        self.numbers.take_spare()
    }

    /// Attaches a copy of the host's numbers on a GPU.
    pub(crate) fn set_remote(&self, copy: Arc<dyn Remote>) {
        self.numbers.attach(copy);
    }

    /// The copy of an output, current or stale, that a GPU may overwrite as a whole; no other field shares it.
    pub(crate) fn remote_to_overwrite(&mut self) -> Option<Arc<dyn Remote>> {
        self.numbers.copy_to_overwrite()
    }

    /// The numbers are those of a copy that a GPU has written, from now on.
    pub(crate) fn written_by_gpu(&mut self, copy: Arc<dyn Remote>) {
        self.numbers.written_to(copy);
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
    /// assert_eq!(phi.sample(2)?[7], 1.5);
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
