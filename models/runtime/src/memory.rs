//! Tensors that stay in place between runs.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn};
use ort::{
    memory::{AllocationDevice, Allocator},
    value::{DynTensor, Tensor},
};

use crate::{Device, Element, ElementType, Error, Result, Runtime, resident::Home};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Tensors in the library's own memory, filled with zeros, that graphs read and write in place.
///
/// A graph that is [bound](crate::Binding) to some of them takes the memory as `&mut` while it runs, so that nothing can
/// read or write them at the same time.
///
/// Tensors lie in main memory. A memory [of a device](Self::of_device) can hold *resident* tensors too, which lie on the
/// device: graphs that run there take them without a copy, and this process sees them by [`fetch`](Self::fetch) and
/// [`store`](Self::store) alone. On the processor resident tensors are handled in the same way, so that what works there
/// does not reach into memory that another device would keep to itself.
pub struct Memory {
    id: u64,
    tensors: Vec<Slot>,
    home: Option<Home>,
    to_device: AtomicU64,
    from_device: AtomicU64,
}

struct Slot {
    name: String,
    shape: Vec<usize>,
    bytes: usize,
    resident: bool,
    value: DynTensor,
}

/// How many bytes went between main memory and the device of a [`Memory`]: inputs and outputs of graphs that lie in main
/// memory, at every run, and resident tensors that were stored or fetched. On the processor it is what would go.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Traffic {
    /// Bytes to the device.
    pub to_device: u64,
    /// Bytes from the device.
    pub from_device: u64,
}

/// Names a tensor of one [`Memory`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TensorId {
    memory: u64,
    index: usize,
}

impl Memory {
    /// Creates a memory without tensors. It asks for a runtime, because the library gives the memory.
    pub fn new(_runtime: &Runtime) -> Self {
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            tensors: Vec::new(),
            home: None,
            to_device: AtomicU64::new(0),
            from_device: AtomicU64::new(0),
        }
    }

    /// Creates a memory without tensors that can hold tensors resident on a device.
    ///
    /// # Errors
    ///
    /// The library was not built for the device, or the device cannot be started.
    pub fn of_device(runtime: &Runtime, device: Device) -> Result<Self> {
        Ok(Self { home: Some(Home::new(runtime, device)?), ..Self::new(runtime) })
    }

    /// Returns the device that resident tensors lie on; `None` where there can be none.
    pub fn device(&self) -> Option<Device> {
        self.home.as_ref().map(Home::device)
    }

    /// Returns how many bytes went to and from the device so far; none where no tensor can be resident.
    pub fn traffic(&self) -> Traffic {
        Traffic {
            to_device: self.to_device.load(Ordering::Relaxed),
            from_device: self.from_device.load(Ordering::Relaxed),
        }
    }

    /// Adds a tensor of zeros. The name is for messages alone.
    ///
    /// # Errors
    ///
    /// The library cannot give so much memory.
    pub fn add<T: Element>(&mut self, name: impl Into<String>, shape: &[usize]) -> Result<TensorId> {
        let value = Tensor::<T>::new(&Allocator::default(), shape.to_vec()).map_err(no_memory)?.upcast();
        Ok(self.push::<T>(name.into(), shape, false, value))
    }

    /// Adds a tensor of zeros that lies on the device of this memory. The name is for messages alone.
    ///
    /// # Errors
    ///
    /// This memory is of no device, or the device has no room for the tensor.
    pub fn add_resident<T: Element>(&mut self, name: impl Into<String>, shape: &[usize]) -> Result<TensorId> {
        let home = self.home.as_ref().ok_or(Error::Memory { complaint: "the memory is of no device" })?;
        let value = Tensor::<T>::new(home.allocator(), shape.to_vec()).map_err(no_memory)?.upcast();
        let id = self.push::<T>(name.into(), shape, true, value);
        // The library fills what it gives with zeros in main memory alone.
        self.store(id, &vec![T::default(); shape.iter().product()])?;
        Ok(id)
    }

    fn push<T: Element>(
        &mut self,
        name: String,
        shape: &[usize],
        resident: bool,
        value: DynTensor,
    ) -> TensorId {
        let bytes = shape.iter().product::<usize>() * size_of::<T>();
        self.tensors.push(Slot { name, shape: shape.to_vec(), bytes, resident, value });
        TensorId { memory: self.id, index: self.tensors.len() - 1 }
    }

    /// Copies the elements of a tensor out, in row-major order, wherever it lies.
    ///
    /// # Errors
    ///
    /// The tensor holds elements of another type, lives in another memory, or cannot be copied.
    pub fn fetch<T: Element>(&self, id: TensorId) -> Result<Vec<T>> {
        let slot = self.slot(id)?;
        if !slot.resident {
            return Ok(slot.read::<T>()?.to_vec());
        }
        let failed = |source: ort::Error| Error::Copy { name: slot.name.clone(), source: source.into() };
        let here = slot.value.to(AllocationDevice::CPU, 0).map_err(failed)?;
        let (_, data) = here.try_extract_tensor::<T>().map_err(|_| slot.mismatch::<T>())?;
        self.moved(0, slot.bytes);
        Ok(data.to_vec())
    }

    /// Copies elements into a tensor, in row-major order, wherever it lies.
    ///
    /// # Errors
    ///
    /// There are more or fewer elements than the tensor has, they are of another type, the tensor lives in another
    /// memory, or it cannot be copied to.
    pub fn store<T: Element>(&mut self, id: TensorId, values: &[T]) -> Result<()> {
        self.owns(id)?;
        let slot = &mut self.tensors[id.index];
        if values.len() != slot.shape.iter().product::<usize>() {
            return Err(Error::Memory { complaint: "a tensor was given another number of elements" });
        }
        if !slot.resident {
            slot.write::<T>()?.copy_from_slice(values);
            return Ok(());
        }
        if ElementType::of(*slot.value.data_type()) != T::TYPE {
            return Err(slot.mismatch::<T>());
        }
        let name = slot.name.clone();
        let failed = |source: ort::Error| Error::Copy { name: name.clone(), source: source.into() };
        let here = Tensor::from_array((slot.shape.clone(), values.to_vec())).map_err(failed)?.upcast();
        here.copy_into(&mut slot.value).map_err(failed)?;
        let bytes = slot.bytes;
        self.moved(bytes, 0);
        Ok(())
    }

    /// Gives back the elements of a tensor that no graph is bound to any longer; it is left with none.
    ///
    /// # Errors
    ///
    /// The tensor lives in another memory.
    pub fn clear(&mut self, id: TensorId) -> Result<()> {
        self.owns(id)?;
        let value = Tensor::<u8>::new(&Allocator::default(), [0_usize]).map_err(no_memory)?.upcast();
        let slot = &mut self.tensors[id.index];
        (slot.shape, slot.bytes, slot.resident, slot.value) = (vec![0], 0, false, value);
        Ok(())
    }

    /// Returns how many bytes the elements of all tensors take.
    pub fn bytes(&self) -> usize {
        self.tensors.iter().map(|slot| slot.bytes).sum()
    }

    /// Returns the length of each axis of a tensor.
    ///
    /// # Errors
    ///
    /// The tensor lives in another memory.
    pub fn shape(&self, id: TensorId) -> Result<&[usize]> {
        Ok(&self.slot(id)?.shape)
    }

    /// Returns the elements of a tensor in row-major order.
    ///
    /// # Errors
    ///
    /// The tensor holds elements of another type, is resident on a device, or lives in another memory.
    pub fn read<T: Element>(&self, id: TensorId) -> Result<&[T]> {
        self.slot(id)?.read()
    }

    /// Returns the elements of a tensor in row-major order, to be changed.
    ///
    /// # Errors
    ///
    /// The tensor holds elements of another type, is resident on a device, or lives in another memory.
    pub fn write<T: Element>(&mut self, id: TensorId) -> Result<&mut [T]> {
        self.owns(id)?;
        self.tensors[id.index].write()
    }

    /// Returns a tensor as an array.
    ///
    /// # Errors
    ///
    /// The tensor holds elements of another type, is resident on a device, or lives in another memory.
    pub fn array<T: Element>(&self, id: TensorId) -> Result<ArrayViewD<'_, T>> {
        let slot = self.slot(id)?;
        ArrayViewD::from_shape(IxDyn(&slot.shape), slot.read()?)
            .map_err(|_| Error::Memory { complaint: "a tensor is smaller than its shape" })
    }

    /// Returns a tensor as an array, to be changed.
    ///
    /// # Errors
    ///
    /// The tensor holds elements of another type, is resident on a device, or lives in another memory.
    pub fn array_mut<T: Element>(&mut self, id: TensorId) -> Result<ArrayViewMutD<'_, T>> {
        self.owns(id)?;
        let slot = &mut self.tensors[id.index];
        let shape = IxDyn(&slot.shape);
        ArrayViewMutD::from_shape(shape, slot.write()?)
            .map_err(|_| Error::Memory { complaint: "a tensor is smaller than its shape" })
    }

    /// Returns the elements of several tensors at once, all to be changed, in the order asked for.
    ///
    /// # Errors
    ///
    /// A tensor is asked for twice, holds elements of another type, is resident on a device, or lives in another memory.
    pub fn write_all<T: Element>(&mut self, ids: &[TensorId]) -> Result<Vec<&mut [T]>> {
        for &id in ids {
            self.owns(id)?;
        }
        let mut slots: Vec<Option<&mut Slot>> = self.tensors.iter_mut().map(Some).collect();
        ids.iter()
            .map(|id| {
                slots[id.index]
                    .take()
                    .ok_or(Error::Memory { complaint: "a tensor was asked for twice at once" })?
                    .write()
            })
            .collect()
    }

    /// Counts bytes that went to and from the device, if this memory is of one.
    pub(crate) fn moved(&self, to: usize, from: usize) {
        if self.home.is_some() {
            self.to_device.fetch_add(to as u64, Ordering::Relaxed);
            self.from_device.fetch_add(from as u64, Ordering::Relaxed);
        }
    }

    /// Returns how many bytes of a tensor lie in main memory: all or none.
    pub(crate) fn bytes_here(&self, id: TensorId) -> Result<usize> {
        let slot = self.slot(id)?;
        Ok(if slot.resident { 0 } else { slot.bytes })
    }

    pub(crate) fn is_resident(&self, id: TensorId) -> Result<bool> {
        Ok(self.slot(id)?.resident)
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn value(&self, id: TensorId) -> Result<&DynTensor> {
        Ok(&self.slot(id)?.value)
    }

    pub(crate) fn value_mut(&mut self, id: TensorId) -> Result<&mut DynTensor> {
        self.owns(id)?;
        Ok(&mut self.tensors[id.index].value)
    }

    fn slot(&self, id: TensorId) -> Result<&Slot> {
        self.owns(id)?;
        Ok(&self.tensors[id.index])
    }

    fn owns(&self, id: TensorId) -> Result<()> {
        if id.memory == self.id && id.index < self.tensors.len() {
            return Ok(());
        }
        Err(Error::Memory { complaint: "a tensor lives in another memory" })
    }
}

impl Slot {
    fn read<T: Element>(&self) -> Result<&[T]> {
        self.is_here()?;
        let (_, data) = self.value.try_extract_tensor::<T>().map_err(|_| self.mismatch::<T>())?;
        Ok(data)
    }

    fn write<T: Element>(&mut self) -> Result<&mut [T]> {
        self.is_here()?;
        let mismatch = self.mismatch::<T>();
        let (_, data) = self.value.try_extract_tensor_mut::<T>().map_err(|_| mismatch)?;
        Ok(data)
    }

    fn is_here(&self) -> Result<()> {
        if self.resident {
            return Err(Error::Memory { complaint: "a tensor that is resident on a device was looked into" });
        }
        Ok(())
    }

    fn mismatch<T: Element>(&self) -> Error {
        let found = ElementType::of(*self.value.data_type());
        Error::Element { name: self.name.clone(), wanted: T::TYPE, found }
    }
}

fn no_memory(error: ort::Error) -> Error {
    Error::Setting { what: "memory for a tensor", source: error.into() }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        for slot in &self.tensors {
            list.entry(&(&slot.name, &slot.shape));
        }
        list.finish()
    }
}
