import Datasets
import Foundations

extension ValueForm where Value == ConfigurationFile.ValueOrFile<ClassList?> {
  static let classes: Self = {
    let text = ValueForm<String>.text("")
    return Self(
      expected: "auto or a file with the name of one class folder per line",
      read: { value in
        if case .list(let items) = value {
          let names = items.compactMap(\.text)
          return names.count == items.count ? ClassList(names).map { .value($0) } : nil
        }
        return value.plain == "auto" ? .value(nil) : text.read(value).map { .file($0) }
      },
      print: { selection in
        switch selection {
        case .value(nil): "auto"
        case .file(let path): text.print(path)
        case .value(let list?): list.names.map { "\n    - \(text.print($0))" }.joined()
        }
      },
      show: { selection in
        switch selection {
        case .value(nil): "auto"
        case .file(let path): path
        case .value(let list?): "list \(list.digest.prefix(8)) of \(list.names.count) classes"
        }
      })
  }()
}
