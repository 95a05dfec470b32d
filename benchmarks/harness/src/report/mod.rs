//! `dlm report`: one offline HTML file from the results of a run.
