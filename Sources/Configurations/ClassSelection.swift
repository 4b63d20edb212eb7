import Collectives
import Datasets

/// Which class folders of a tree are trained on.
public enum ClassSelection: Equatable, Sendable {
  /// Those that belong to the kind of data.
  case auto
  /// A file with a name a line, not read yet.
  case file(String)
  /// What such a file said: part of the configuration from then on, so that it is recorded with a run.
  case list(ClassList)

  /// The names, where they were chosen.
  public var list: ClassList? {
    switch self {
    case .auto: nil
    case .list(let list): list
    case .file(let path): preconditionFailure("\(path) was not read: call readFiles")
    }
  }
}

extension ValueForm where Value == ClassSelection {
  static let classes: Self = {
    let text = ValueForm<String>.text("")
    return Self(
      expected: "auto or a file with the name of a class folder a line",
      read: { value in
        if case .list(let items) = value {
          let names = items.compactMap(\.text)
          return names.count == items.count ? ClassList(names).map(ClassSelection.list) : nil
        }
        return value.plain == "auto" ? .auto : text.read(value).map(ClassSelection.file)
      },
      print: { selection in
        switch selection {
        case .auto: "auto"
        case .file(let path): text.print(path)
        case .list(let list): list.names.map { "\n    - \(text.print($0))" }.joined()
        }
      },
      show: { selection in
        switch selection {
        case .auto: "auto"
        case .file(let path): path
        case .list(let list): "list \(list.digest.prefix(8)) of \(list.names.count) classes"
        }
      })
  }()
}

extension Configuration {
  /// Replaces the names of files by what rank 0 reads there: other nodes need not see its disk.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  public mutating func readFiles(on communicator: Communicator) throws {
    if case .file(let path) = data.classes {
      data.classes = .list(try ClassList(contentsOf: path, on: communicator))
    }
    try readKernels(on: communicator)
  }

  /// How the data is opened.
  ///
  /// - Parameter indexFile: See `DatasetOptions.indexFile`.
  public func datasetOptions(indexFile: String? = nil) -> DatasetOptions {
    DatasetOptions(
      classList: data.classes.list, indexFile: indexFile, onError: data.onError)
  }
}
