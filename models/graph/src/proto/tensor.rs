//! Tensors as messages.

use std::path::Path;

use bytes::Bytes;

use crate::{
    DataType, Error, Result, Tensor,
    infer::MOST_AXES,
    proto::{external, messages::TensorProto},
    tensor::byte_size,
};

/// Returns a tensor as a message.
pub(super) fn written(name: &str, tensor: &Tensor) -> TensorProto {
    TensorProto {
        dims: tensor.dims().iter().map(|&size| size as i64).collect(),
        data_type: Some(tensor.dtype().code()),
        name: (!name.is_empty()).then(|| name.to_owned()),
        raw_data: Some(Bytes::from_owner(tensor.shared())),
        ..TensorProto::default()
    }
}

/// Returns the tensor of a message; `folder` is where external data may lie.
pub(super) fn read(proto: TensorProto, folder: Option<&Path>, place: &str) -> Result<Tensor> {
    let code = proto.data_type.unwrap_or(0);
    let dtype = DataType::from_code(code)
        .ok_or_else(|| Error::model(place, format!("element type {code} is not supported")))?;
    if proto.dims.len() > MOST_AXES {
        return Err(Error::model(place, format!("{} dimensions", proto.dims.len())));
    }
    let dims: Option<Vec<usize>> = proto.dims.iter().map(|&size| usize::try_from(size).ok()).collect();
    let dims =
        dims.ok_or_else(|| Error::model(place, format!("a negative dimension in {:?}", proto.dims)))?;
    let expected = byte_size(dtype, &dims)
        .filter(|&size| isize::try_from(size).is_ok())
        .ok_or_else(|| Error::model(place, format!("{dims:?} has more elements than can be counted")))?;
    let bytes = match (proto.data_location, proto.raw_data) {
        (Some(1), _) => external::read(&proto.external_data, folder, expected, place)?,
        (_, Some(raw)) => raw.into(),
        (_, None) => {
            listed(dtype, &proto.float_data, &proto.double_data, &proto.int64_data, &proto.int32_data)
        }
    };
    if bytes.len() != expected {
        return Err(Error::model(
            place,
            format!("{} bytes for {dtype} {dims:?}, which takes {expected}", bytes.len()),
        ));
    }
    Tensor::new(dtype, dims, bytes)
}

/// Returns the bytes of elements that are listed one by one, each type in its own field.
fn listed(dtype: DataType, floats: &[f32], doubles: &[f64], longs: &[i64], ints: &[i32]) -> Vec<u8> {
    match dtype {
        DataType::F32 => floats.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DataType::F64 => doubles.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DataType::I64 => longs.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DataType::I32 => ints.iter().flat_map(|value| value.to_le_bytes()).collect(),
        DataType::F16 | DataType::BF16 => {
            ints.iter().flat_map(|&value| (value as u16).to_le_bytes()).collect()
        }
        DataType::U8 => ints.iter().map(|&value| value as u8).collect(),
        DataType::Bool => ints.iter().map(|&value| u8::from(value != 0)).collect(),
    }
}
