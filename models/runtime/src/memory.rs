//! Tensors that stay in place between runs.

use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn};
use ort::{
    memory::Allocator,
    value::{DynTensor, Tensor},
};

use crate::{Element, ElementType, Error, Result, Runtime};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Tensors in the library's own memory, filled with zeros, that graphs read and write in place.
///
/// A graph that is [bound](crate::Binding) to some of them takes the memory as `&mut` while it runs, so that nothing can
/// read or write them at the same time.
pub struct Memory {
    id: u64,
    tensors: Vec<Slot>,
}

struct Slot {
    name: String,
    shape: Vec<usize>,
    bytes: usize,
    value: DynTensor,
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
        Self { id: NEXT.fetch_add(1, Ordering::Relaxed), tensors: Vec::new() }
    }

    /// Adds a tensor of zeros. The name is for messages alone.
    ///
    /// # Errors
    ///
    /// The library cannot give so much memory.
    pub fn add<T: Element>(&mut self, name: impl Into<String>, shape: &[usize]) -> Result<TensorId> {
        let value = Tensor::<T>::new(&Allocator::default(), shape.to_vec())
            .map_err(|error| Error::Setting { what: "memory for a tensor", source: error.into() })?
            .upcast();
        self.tensors.push(Slot {
            name: name.into(),
            shape: shape.to_vec(),
            bytes: shape.iter().product::<usize>() * size_of::<T>(),
            value,
        });
        Ok(TensorId { memory: self.id, index: self.tensors.len() - 1 })
    }

    /// Gives back the elements of a tensor that no graph is bound to any longer; it is left with none.
    ///
    /// # Errors
    ///
    /// The tensor lives in another memory.
    pub fn clear(&mut self, id: TensorId) -> Result<()> {
        self.owns(id)?;
        let value = Tensor::<u8>::new(&Allocator::default(), [0_usize])
            .map_err(|error| Error::Setting { what: "memory for a tensor", source: error.into() })?
            .upcast();
        let slot = &mut self.tensors[id.index];
        (slot.shape, slot.bytes, slot.value) = (vec![0], 0, value);
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
    /// The tensor holds elements of another type, or lives in another memory.
    pub fn read<T: Element>(&self, id: TensorId) -> Result<&[T]> {
        self.slot(id)?.read()
    }

    /// Returns the elements of a tensor in row-major order, to be changed.
    ///
    /// # Errors
    ///
    /// The tensor holds elements of another type, or lives in another memory.
    pub fn write<T: Element>(&mut self, id: TensorId) -> Result<&mut [T]> {
        self.owns(id)?;
        self.tensors[id.index].write()
    }

    /// Returns a tensor as an array.
    ///
    /// # Errors
    ///
    /// The tensor holds elements of another type, or lives in another memory.
    pub fn array<T: Element>(&self, id: TensorId) -> Result<ArrayViewD<'_, T>> {
        let slot = self.slot(id)?;
        ArrayViewD::from_shape(IxDyn(&slot.shape), slot.read()?)
            .map_err(|_| Error::Memory { complaint: "a tensor is smaller than its shape" })
    }

    /// Returns a tensor as an array, to be changed.
    ///
    /// # Errors
    ///
    /// The tensor holds elements of another type, or lives in another memory.
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
    /// A tensor is asked for twice, holds elements of another type, or lives in another memory.
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
        let (_, data) = self.value.try_extract_tensor::<T>().map_err(|_| self.mismatch::<T>())?;
        Ok(data)
    }

    fn write<T: Element>(&mut self) -> Result<&mut [T]> {
        let mismatch = self.mismatch::<T>();
        let (_, data) = self.value.try_extract_tensor_mut::<T>().map_err(|_| mismatch)?;
        Ok(data)
    }

    fn mismatch<T: Element>(&self) -> Error {
        let found = ElementType::of(*self.value.data_type());
        Error::Element { name: self.name.clone(), wanted: T::TYPE, found }
    }
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
