import ArgumentParser
import Configurations
import Datasets
import Training

/// What the shell offers when a word is completed.
extension CompletionKind {
  static let configuration = CompletionKind.file(extensions: ["yaml", "yml"])

  /// `KEY=`; in the script itself, so that no program has to be found and started.
  static let setting = CompletionKind.list(Configuration.keyNames.map { $0 + "=" })

  /// Up to the colon that a folder follows.
  static let dataset = CompletionKind.list(
    DataKind.forms.map { form in form.firstIndex(of: ":").map { String(form[...$0]) } ?? form })
}

/// A bash completion script made to leave the cursor behind words that want more, such as `KEY=`; other text as it
/// is. As generated it takes every word for a file's name: a space follows, and `=` is quoted.
func withOpenWords(_ text: String) -> String {
  guard text.hasPrefix("#!/bin/bash\n") else { return text }
  return text + """


    _sluice_with_open_words() {
        _sluice "${@}"
        [[ "${COMPREPLY[0]-}" != *[=:] ]] || compopt -o nospace +o filenames
    }

    complete -o filenames -F _sluice_with_open_words sluice
    """
}
