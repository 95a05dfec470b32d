//! Attributes as messages.

use std::path::Path;

use crate::{
    Attribute, Error, Result,
    proto::{
        messages::{AttributeProto, attribute_type},
        tensor,
    },
};

/// Returns an attribute as a message.
pub(super) fn written(name: &str, value: &Attribute) -> AttributeProto {
    let mut proto = AttributeProto { name: Some(name.to_owned()), ..AttributeProto::default() };
    let code = match value {
        Attribute::Float(value) => {
            proto.f = Some(*value);
            attribute_type::FLOAT
        }
        Attribute::Int(value) => {
            proto.i = Some(*value);
            attribute_type::INT
        }
        Attribute::Text(value) => {
            proto.s = Some(value.clone().into_bytes());
            attribute_type::STRING
        }
        Attribute::Tensor(value) => {
            proto.t = Some(tensor::written("", value));
            attribute_type::TENSOR
        }
        Attribute::Floats(values) => {
            proto.floats.clone_from(values);
            attribute_type::FLOATS
        }
        Attribute::Ints(values) => {
            proto.ints.clone_from(values);
            attribute_type::INTS
        }
        Attribute::Texts(values) => {
            proto.strings = values.iter().map(|value| value.clone().into_bytes()).collect();
            attribute_type::STRINGS
        }
    };
    proto.r#type = Some(code);
    proto
}

/// Returns the attribute of a message.
pub(super) fn read(proto: AttributeProto, folder: Option<&Path>, place: &str) -> Result<Attribute> {
    let text =
        |bytes: Vec<u8>| String::from_utf8(bytes).map_err(|_| Error::model(place, "text that is not UTF-8"));
    Ok(match proto.r#type.unwrap_or(0) {
        attribute_type::FLOAT => Attribute::Float(proto.f.unwrap_or(0.0)),
        attribute_type::INT => Attribute::Int(proto.i.unwrap_or(0)),
        attribute_type::STRING => Attribute::Text(text(proto.s.unwrap_or_default())?),
        attribute_type::TENSOR => {
            let inner = proto.t.ok_or_else(|| Error::model(place, "a tensor that is not there"))?;
            Attribute::Tensor(tensor::read(inner, folder, place)?)
        }
        attribute_type::FLOATS => Attribute::Floats(proto.floats),
        attribute_type::INTS => Attribute::Ints(proto.ints),
        attribute_type::STRINGS => {
            Attribute::Texts(proto.strings.into_iter().map(text).collect::<Result<_>>()?)
        }
        5 | 10 => {
            return Err(Error::model(place, "a graph within the graph (If, Loop, Scan) is not supported"));
        }
        other => return Err(Error::model(place, format!("an attribute of type {other} is not supported"))),
    })
}
