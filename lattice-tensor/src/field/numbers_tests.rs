use super::*;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

/// A copy "elsewhere", whose fetches are counted.
#[derive(Debug)]
struct Fake {
    numbers: Vec<f32>,
    fetches: AtomicUsize,
}

impl Remote for Fake {
    fn fetch(&self) -> Result<Vec<f32>> {
        self.fetches.fetch_add(1, SeqCst);
        Ok(self.numbers.clone())
    }
    fn as_any(&self) -> &dyn std::any::Any {
        self
    }
}

fn fake(numbers: &[f32]) -> Arc<Fake> {
    Arc::new(Fake { numbers: numbers.to_vec(), fetches: AtomicUsize::new(0) })
}

fn on_host(values: &[f32]) -> Numbers<f32> {
    let mut host = Aligned::zeros(values.len(), "a test").unwrap();
    host.copy_from_slice(values);
    Numbers::new(host)
}

#[test]
fn what_is_away_is_fetched_once_and_stays_current() {
    let mut numbers = on_host(&[0.0; 3]);
    let copy = fake(&[1.0, 2.0, 3.0]);
    numbers.written_to(copy.clone());
    assert!(numbers.on_host().is_empty() && copy.fetches.load(SeqCst) == 0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| assert_eq!(numbers.get().unwrap(), [1.0, 2.0, 3.0]));
        }
    });
    assert_eq!(copy.fetches.load(SeqCst), 1);
    assert!(numbers.remote().is_some() && numbers.take_spare().is_none());
}

#[test]
fn writing_on_the_host_leaves_a_stale_copy_for_its_memory() {
    let mut numbers = on_host(&[0.0; 2]);
    numbers.written_to(fake(&[1.0, 2.0]));
    numbers.get_mut().unwrap()[0] = 5.0;
    assert!(numbers.remote().is_none());
    assert_eq!(numbers.get().unwrap(), [5.0, 2.0]);
    assert!(numbers.take_spare().is_some() && numbers.take_spare().is_none());
    numbers.attach(fake(&[5.0, 2.0]));
    assert!(numbers.remote().is_some() && numbers.on_host() == [5.0, 2.0]);
}

#[test]
fn overwriting_fetches_nothing() {
    let mut numbers = on_host(&[0.0; 2]);
    let copy = fake(&[1.0, 2.0]);
    numbers.written_to(copy.clone());
    numbers.overwrite().unwrap().copy_from_slice(&[3.0, 4.0]);
    assert_eq!((numbers.get().unwrap(), copy.fetches.load(SeqCst)), (&[3.0, 4.0][..], 0));
}

#[test]
fn clones_share_a_copy_that_neither_may_overwrite() {
    let mut numbers = on_host(&[0.0; 2]);
    numbers.written_to(fake(&[1.0, 2.0]));
    assert!(numbers.copy_to_overwrite().is_some());
    let mut clone = numbers.clone();
    assert!(numbers.copy_to_overwrite().is_none() && clone.copy_to_overwrite().is_none());
    // The one that is written leaves the copy to the other, and keeps no spare.
    clone.get_mut().unwrap()[1] = 7.0;
    assert!(clone.take_spare().is_none() && numbers.remote().is_some() && numbers.copy_to_overwrite().is_some());
    assert_eq!((numbers.get().unwrap(), clone.get().unwrap()), (&[1.0, 2.0][..], &[1.0, 7.0][..]));
}

#[test]
fn a_swap_takes_the_copies_along() {
    let (mut a, mut b) = (on_host(&[1.0]), on_host(&[0.0]));
    b.written_to(fake(&[2.0]));
    std::mem::swap(&mut a, &mut b);
    assert_eq!((a.get().unwrap(), b.get().unwrap()), (&[2.0][..], &[1.0][..]));
    assert!(a.remote().is_some() && b.remote().is_none());
}

#[test]
fn a_copy_of_another_size_is_refused_and_stays() {
    let mut numbers = on_host(&[0.0; 2]);
    numbers.written_to(fake(&[1.0]));
    for _ in 0..2 {
        let text = numbers.get().unwrap_err().to_string();
        assert_eq!(text, "a field fetched from a GPU: expected 2 numbers, found 1");
        assert!(numbers.get_mut().is_err() && numbers.remote().is_some());
    }
}
