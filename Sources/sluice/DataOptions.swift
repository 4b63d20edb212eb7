import ArgumentParser
import Collectives
import Datasets

/// What a person says about a data set beside its name.
struct DataOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The class folders of \(Self.kinds) that are used: a file with one name per line.",
      valueName: "FILE"),
    completion: .file(), transform: nonEmptyPath)
  var classes: String?

  /// The kinds of data that take a list of classes.
  private static let kinds = DataKind.all.filter(\.takesClassList).map { "\($0.name):" }.joined(
    separator: " or ")

  /// The options, with the file of classes as rank 0 reads it.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  func options(on communicator: Communicator) throws -> DatasetOptions {
    DatasetOptions(classList: try classes.map { try ClassList(contentsOf: $0, on: communicator) })
  }
}
