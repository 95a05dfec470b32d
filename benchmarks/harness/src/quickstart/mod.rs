//! `dlm quickstart`: the main job on embedded defaults.
