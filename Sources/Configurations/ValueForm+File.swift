import Foundations

extension ValueForm {
  /// A list of texts in a section, the path of a file that holds it, or `word` for neither.
  ///
  /// - Parameters:
  ///   - read: nil: the texts are no such list.
  ///   - items: As YAML.
  ///   - show: The list in a sentence.
  static func listOrFile<List>(
    _ expected: String, or word: String, read: @escaping @Sendable ([String]) -> List?,
    items: @escaping @Sendable (List) -> [String], show: @escaping @Sendable (List) -> String
  ) -> Self where Value == ConfigurationFile.ValueOrFile<List?> {
    let path = ValueForm<String>.text("")
    return Self(
      expected: expected,
      read: { value in
        if case .list(let values) = value {
          let texts = values.compactMap(\.text)
          return texts.count == values.count ? read(texts).map { .value($0) } : nil
        }
        return value.plain == word ? .value(nil) : path.read(value).map { .file($0) }
      },
      print: { selection in
        switch selection {
        case .value(nil): word
        case .file(let name): path.print(name)
        case .value(let list?): items(list).map { "\n    - \($0)" }.joined()
        }
      },
      show: { selection in
        switch selection {
        case .value(nil): word
        case .file(let name): name
        case .value(let list?): show(list)
        }
      })
  }
}
