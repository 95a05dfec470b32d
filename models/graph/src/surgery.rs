//! Changing a graph that is there.

use crate::{
    Error, Graph, Node, Result, Tensor, Var,
    error::ErrorKind,
    graph::Origin,
    infer::{self, Type},
};

impl Graph {
    /// Marks a value as an output under a name, and returns the output.
    ///
    /// The value itself gets the name, unless it is an input, a constant or already an output: then a copy does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::DuplicateName`] where another value has the name.
    pub fn output(&mut self, name: &str, var: Var) -> Result<Var> {
        let free = matches!(self.value(var)?.origin, Origin::Node { .. }) && !self.outputs.contains(&var);
        let var = if free { var } else { self.identity(var)? };
        self.rename(var, name)?;
        self.outputs.push(var);
        Ok(var)
    }

    /// Forgets which values are outputs.
    pub fn clear_outputs(&mut self) {
        self.outputs.clear();
    }

    /// Turns an input or a parameter into an initialiser with a value, or gives an initialiser another value.
    ///
    /// Graphs for inference hold their weights this way, so that the runtime can lay them out once.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] where type or shape differ, or the value is made by a node.
    pub fn set_constant(&mut self, var: Var, tensor: Tensor) -> Result<()> {
        let value = self.value(var)?;
        let fits = value.shape.as_ref().is_none_or(|shape| {
            let same = |(dim, &size): (&crate::Dim, &usize)| dim.fixed().is_none_or(|known| known == size);
            shape.len() == tensor.dims().len() && shape.iter().zip(tensor.dims()).all(same)
        });
        if value.dtype != tensor.dtype() || !fits {
            let (wanted, given) = (self.described(var), tensor.dims());
            return Err(Error::value(&value.name, format!("{wanted} is not {} {given:?}", tensor.dtype())));
        }
        match value.origin {
            Origin::Input | Origin::Parameter => self.inputs.retain(|&input| input != var),
            Origin::Constant(_) => self.forget_constant(var),
            Origin::Node { .. } | Origin::Removed => {
                return Err(Error::value(&value.name, "it is made by a node"));
            }
        }
        let of = Type::of(&tensor);
        let value = self.value_mut(var)?;
        (value.shape, value.content) = (of.shape, of.content);
        value.origin = Origin::Constant(tensor);
        Ok(())
    }

    /// Turns an initialiser into a parameter and returns the value it had.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] where it is not an initialiser.
    pub fn make_parameter(&mut self, var: Var) -> Result<Tensor> {
        let tensor = self.tensor(var).cloned();
        let Some(tensor) = tensor else {
            return Err(Error::value(self.name_of(var)?, "it is not an initialiser"));
        };
        self.forget_constant(var);
        let value = self.value_mut(var)?;
        value.origin = Origin::Parameter;
        value.content = None;
        self.inputs.push(var);
        Ok(tensor)
    }

    /// Marks an input as a parameter: a graph that was read does not say which inputs are weights.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] where it is not an input.
    pub fn mark_parameter(&mut self, var: Var) -> Result<()> {
        let value = self.value_mut(var)?;
        match value.origin {
            Origin::Input | Origin::Parameter => {
                value.origin = Origin::Parameter;
                Ok(())
            }
            _ => Err(Error::value(&value.name.clone(), "it is not an input")),
        }
    }

    /// Makes every node that takes `old`, and every output that is `old`, take `new` instead.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] where the types differ.
    pub fn replace_uses(&mut self, old: Var, new: Var) -> Result<()> {
        let (before, after) = (self.value(old)?, self.value(new)?);
        if before.dtype != after.dtype {
            let problem = format!("{} cannot stand for {}", self.described(new), self.described(old));
            return Err(Error::value(&before.name, problem));
        }
        let maker = match after.origin {
            Origin::Node { node, .. } => Some(node),
            _ => None,
        };
        for (at, node) in self.nodes.iter_mut().enumerate() {
            // What makes the new value may well take the old one.
            if Some(at) != maker {
                node.inputs
                    .iter_mut()
                    .filter(|input| **input == Some(old))
                    .for_each(|input| *input = Some(new));
            }
        }
        self.outputs.iter_mut().filter(|output| **output == old).for_each(|output| *output = new);
        Ok(())
    }

    /// Makes whatever takes `old` take `new` instead; where `old` is an output of the graph, the output keeps its name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Value`] where the types differ.
    pub fn substitute(&mut self, old: Var, new: Var) -> Result<()> {
        if !self.outputs.contains(&old) {
            return self.replace_uses(old, new);
        }
        let name = self.name_of(old)?.to_owned();
        let aside = self.fresh("replaced");
        self.rename(old, &aside)?;
        let copy = self.identity(new)?;
        self.rename(copy, &name)?;
        // The new value may take the old one; the copy of it does not.
        let maker = self.producer(new).map(|node| node.name().to_owned());
        for node in self.nodes.iter_mut().filter(|node| Some(node.name()) != maker.as_deref()) {
            node.inputs.iter_mut().filter(|input| **input == Some(old)).for_each(|input| *input = Some(copy));
        }
        self.outputs.iter_mut().filter(|output| **output == old).for_each(|output| *output = copy);
        Ok(())
    }

    /// Removes the nodes and constants that no output depends on. Inputs stay.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Cycle`].
    pub fn prune(&mut self) -> Result<()> {
        let mut keep = vec![false; self.nodes.len()];
        for node in self.order(&self.outputs)? {
            keep[node] = true;
        }
        self.retain_nodes(&keep);
        let mut used = vec![false; self.values.len()];
        let inputs = self.nodes.iter().flat_map(|node| node.inputs.iter().flatten());
        for var in inputs.chain(&self.outputs) {
            used[var.index as usize] = true;
        }
        for (index, value) in self.values.iter_mut().enumerate() {
            if !used[index] && matches!(value.origin, Origin::Constant(_)) {
                value.origin = Origin::Removed;
            }
        }
        self.forget_removed();
        Ok(())
    }

    /// Keeps some nodes and renumbers what refers to them.
    pub(crate) fn retain_nodes(&mut self, keep: &[bool]) {
        let mut places = vec![None; keep.len()];
        let mut nodes = Vec::with_capacity(keep.len());
        for (at, node) in std::mem::take(&mut self.nodes).into_iter().enumerate() {
            if keep[at] {
                places[at] = Some(nodes.len());
                nodes.push(node);
            }
        }
        self.nodes = nodes;
        for value in &mut self.values {
            if let Origin::Node { node, output } = value.origin {
                value.origin = places[node].map_or(Origin::Removed, |node| Origin::Node { node, output });
            }
        }
        self.forget_removed();
    }

    /// Copies the nodes of another graph into this one.
    ///
    /// `bindings` says which values of this graph stand for inputs (or any other values) of the other; its remaining
    /// inputs become inputs of this graph under their own names, or are this graph's where it has an input of the same
    /// name and type. Names of nodes' values that are taken are changed. Returns this graph's values for the other's
    /// outputs, in their order.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::UnknownName`] for a binding that the other has not; [`ErrorKind::Value`] where types differ;
    /// [`ErrorKind::Operator`] where a node does not take what it is given.
    pub fn append(&mut self, other: &Self, bindings: &[(&str, Var)]) -> Result<Vec<Var>> {
        let mut map: Vec<Option<Var>> = vec![None; other.values.len()];
        for &(name, var) in bindings {
            let theirs = other.find(name)?;
            if self.dtype(var)? != other.dtype(theirs)? {
                let problem = format!("{} cannot stand for {}", self.described(var), other.described(theirs));
                return Err(Error::value(name, problem));
            }
            map[theirs.index as usize] = Some(var);
        }
        for &input in &other.inputs {
            if map[input.index as usize].is_none() {
                map[input.index as usize] = Some(self.shared_input(other, input)?);
            }
        }
        for at in other.order(&other.outputs)? {
            let node = &other.nodes[at];
            if node.outputs.iter().flatten().all(|var| map[var.index as usize].is_some()) {
                continue;
            }
            let mut inputs = Vec::with_capacity(node.inputs.len());
            for &input in &node.inputs {
                inputs.push(match input {
                    Some(input) => Some(self.transferred(other, input, &mut map)?),
                    None => None,
                });
            }
            let made = self.copied(other, node, inputs)?;
            for (theirs, ours) in node.outputs.iter().zip(made) {
                if let Some(theirs) = theirs
                    && map[theirs.index as usize].is_none()
                {
                    map[theirs.index as usize] = Some(ours);
                }
            }
        }
        other.outputs.iter().map(|&output| self.transferred(other, output, &mut map)).collect()
    }

    fn shared_input(&mut self, other: &Self, input: Var) -> Result<Var> {
        let value = other.value(input)?;
        if let Ok(own) = self.find(&value.name)
            && self.inputs.contains(&own)
        {
            if self.dtype(own)? != value.dtype {
                return Err(Error::value(&value.name, "an input of this name has another type"));
            }
            return Ok(own);
        }
        let of = Type::maybe(value.dtype, value.shape.clone());
        let var = self.add_named(&value.name, of, value.origin.clone())?;
        self.inputs.push(var);
        Ok(var)
    }

    fn transferred(&mut self, other: &Self, theirs: Var, map: &mut [Option<Var>]) -> Result<Var> {
        if let Some(var) = map[theirs.index as usize] {
            return Ok(var);
        }
        let value = other.value(theirs)?;
        let Origin::Constant(tensor) = &value.origin else {
            return Err(ErrorKind::UnknownName(value.name.to_string()).into());
        };
        // Large constants are weights, and keep their names.
        let var = if self.registered(&value.name).is_none() {
            self.initialiser(&value.name, tensor.clone())?
        } else {
            self.constant(tensor.clone())
        };
        map[theirs.index as usize] = Some(var);
        Ok(var)
    }

    fn copied(&mut self, other: &Self, node: &Node, inputs: Vec<Option<Var>>) -> Result<Vec<Var>> {
        let name = if self.is_taken(node.name()) { self.fresh(node.name()) } else { node.name().to_owned() };
        let copy = Node::new(name, node.operator(), node.domain(), inputs, node.attributes.clone());
        let types = if infer::known(&copy.key()) {
            infer::infer(self, &copy, node.outputs.len())?
        } else {
            let declared = |output: &Option<Var>| {
                let value = output.and_then(|var| other.value(var).ok());
                value.map_or_else(
                    || Type::maybe(crate::DataType::F32, None),
                    |value| Type::maybe(value.dtype, value.shape.clone()),
                )
            };
            node.outputs.iter().map(declared).collect()
        };
        let vars = self.attach(copy, types);
        for (ours, theirs) in vars.iter().zip(&node.outputs) {
            if let Some(theirs) = theirs {
                let name = other.name_of(*theirs)?.to_owned();
                if self.registered(&name).is_none() {
                    self.rename(*ours, &name)?;
                }
            }
        }
        Ok(vars)
    }
}
