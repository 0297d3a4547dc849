//! Fields in the memory of a GPU: `[sample][component][row]`, rows in the order of the sites' numbers.

use super::adapter::Gpu;
use crate::device::Remote;
use crate::error::Result;
use crate::field::FieldData;
use crate::lattice::Location;
use crate::layout::Layout;
use std::any::Any;
use std::sync::Arc;

/// A copy of a field.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    gpu: Gpu,
    pub buffer: wgpu::Buffer,
    order: Order,
    /// Numbers of the host's copy, padding included.
    host: usize,
}

/// Where the numbers of a sample lie on the host.
#[derive(Clone, Debug)]
struct Order {
    /// Of the first sample, in the order of the device.
    first: Arc<Vec<u32>>,
    samples: usize,
    per_row: usize,
    nodes: usize,
    /// Numbers of a block.
    block: usize,
}

impl Order {
    fn new(layout: &Layout, location: Location, components: usize, samples: usize) -> Result<Order> {
        let rows = layout.rows(location)?;
        let nodes = layout.nodes();
        let mut sites: Vec<(usize, usize, usize)> = Vec::with_capacity(rows.len() * nodes);
        for (row, &outer) in rows.iter().enumerate() {
            sites.extend((0..nodes).map(|node| (layout.site(outer, node), row, node)));
        }
        sites.sort_unstable();
        let place =
            |c: usize, &(_, row, node): &(usize, usize, usize)| ((row * components + c) * layout.width() + node) as u32;
        let first = (0..components).flat_map(|c| sites.iter().map(move |site| place(c, site))).collect();
        let block = rows.len() * components * layout.width();
        Ok(Order { first: Arc::new(first), samples, per_row: layout.samples_per_row(), nodes, block })
    }

    /// Calls `with(place on the host, place on the device)` for all numbers.
    fn each(&self, mut with: impl FnMut(usize, usize)) {
        let mut to = 0;
        for sample in 0..self.samples {
            let begin = sample / self.per_row * self.block + sample % self.per_row * self.nodes;
            for &at in self.first.iter() {
                with(begin + at as usize, to);
                to += 1;
            }
        }
    }

    fn bytes(&self) -> u64 {
        4 * (self.samples * self.first.len()).max(1) as u64
    }
}

impl Copy {
    /// Memory for a field, to be overwritten.
    fn new(gpu: &Gpu, field: &FieldData<f32>) -> Result<Copy> {
        let crate::Spec::Field { location, fibre } = field.spec() else {
            return Err(crate::Error::op("field", "a field", field.spec()));
        };
        let order = Order::new(field.layout(), location, fibre.components(), field.samples())?;
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::COPY_SRC;
        let buffer = gpu.buffer("a field", order.bytes(), usage)?;
        let host = order.block * order.samples.div_ceil(order.per_row);
        Ok(Copy { gpu: gpu.clone(), buffer, order, host })
    }

    /// A copy as its GPU knows it.
    fn of<'a>(remote: &'a Arc<dyn Remote>, gpu: &Gpu) -> Option<&'a Copy> {
        remote.as_any().downcast_ref::<Copy>().filter(|copy| copy.gpu == *gpu)
    }

    /// The field's numbers on the GPU, sent there if need be.
    pub fn send(gpu: &Gpu, field: &FieldData<f32>) -> Result<wgpu::Buffer> {
        if let Some(remote) = field.remote()
            && let Some(copy) = Copy::of(&remote, gpu)
        {
            return Ok(copy.buffer.clone());
        }
        // The numbers may be away on another GPU.
        let numbers = field.numbers()?;
        let copy = match field.take_spare_remote().as_ref().and_then(|spare| Copy::of(spare, gpu)) {
            Some(spare) => spare.clone(),
            None => Copy::new(gpu, field)?,
        };
        let mut there = vec![0_f32; copy.order.samples * copy.order.first.len()];
        copy.order.each(|from, to| there[to] = numbers[from]);
        gpu.queue().write_buffer(&copy.buffer, 0, bytemuck::cast_slice(&there));
        let buffer = copy.buffer.clone();
        field.set_remote(Arc::new(copy));
        Ok(buffer)
    }

    /// Memory on the GPU that will hold the field; `written` says that it does.
    pub fn receive(gpu: &Gpu, field: &mut FieldData<f32>) -> Result<Arc<dyn Remote>> {
        match field.remote_to_overwrite() {
            Some(remote) if Copy::of(&remote, gpu).is_some() => Ok(remote),
            _ => Ok(Arc::new(Copy::new(gpu, field)?)),
        }
    }

    /// The buffer behind a copy.
    pub fn buffer_of(remote: &Arc<dyn Remote>, gpu: &Gpu) -> Option<wgpu::Buffer> {
        Copy::of(remote, gpu).map(|copy| copy.buffer.clone())
    }
}

impl Remote for Copy {
    fn fetch(&self) -> Result<Vec<f32>> {
        let mut there = vec![0_f32; self.order.samples * self.order.first.len()];
        self.gpu.read_into(&self.buffer, 0, &mut there)?;
        let mut here = vec![0.0; self.host];
        self.order.each(|to, from| here[to] = there[from]);
        Ok(here)
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
