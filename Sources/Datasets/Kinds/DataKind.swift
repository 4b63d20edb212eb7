import Collectives

/// A kind of data that a person can name: a row of `DataKind.all`.
///
/// Whatever depends on the kind (how it is named, read and opened, what messages and completions offer) follows from
/// the rows; a new kind is a file with its data set and its row, and its name in `all`.
public struct DataKind: Sendable {
  /// What stands before the colon.
  public let name: String
  /// How a person writes it, for example `cifar10:DIR`; the simplest form first.
  public let forms: [String]
  /// Whether a person may choose the classes, with `--classes` or `data.classes`.
  public let takesClassList: Bool
  /// Reads what follows the colon, nil without one, and touches no file.
  let read: @Sendable (_ argument: String?) throws(BadArgument) -> Opening

  /// Opens the data; called on every rank.
  ///
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  typealias Opening = @Sendable (Opener) throws -> DataParts

  /// Who opens the data, and how.
  struct Opener {
    let options: DatasetOptions
    let communicator: Communicator
    /// Is told on rank 0 what may take long.
    let inform: (String) -> Void
  }

  /// What follows the colon is not what this kind needs.
  struct BadArgument: Error {
    /// What to write, in words.
    let rule: String
  }

  /// Every kind, in the order in which messages list them.
  public static let all: [DataKind] = [
    .cifar10, .cifar100, .stl10, .imageNet100, .folder, .list, .packed, .shapes,
  ]

  /// All forms of all kinds.
  public static var forms: [String] { all.flatMap(\.forms) }

  /// A kind that is named `NAME:DIR`.
  ///
  /// - Parameter open: Is given the folder.
  static func inFolder(
    _ name: String, takesClassList: Bool = false,
    open: @escaping @Sendable (_ folder: String, Opener) throws -> DataParts
  ) -> DataKind {
    DataKind(name: name, forms: ["\(name):DIR"], takesClassList: takesClassList) {
      argument throws(BadArgument) in
      guard let folder = argument, !folder.isEmpty else {
        throw BadArgument(rule: "a folder must follow the colon, for example \(name):DIR")
      }
      return { opener in try open(folder, opener) }
    }
  }
}
