import Collectives
import Foundation
import Foundations
import Tensors
import Yams

/// What was measured once and is trained with: a file that a benchmark writes, and then a part of the configuration, so that
/// no run depends on a measurement of its own.
public protocol MeasuredTable {
  /// The command that writes it.
  static var command: String { get }
  /// A word of its items as it should be, for messages.
  static var exampleWord: String { get }
  /// Its text, which reads back to an equal table.
  var items: [String] { get }
  init(items: [String]) throws(ItemProblem)
}

extension MeasuredTable {
  /// Eight hexadecimal digits that tell tables apart.
  var digest: String {
    String(DurableFiles.digest(Data(items.joined(separator: "\n").utf8)).prefix(8))
  }

  /// Writes the YAML list of the items after a line with `comment`.
  ///
  /// - Throws: `UnwritableFile`.
  public func write(to path: String, comment: String) throws(UnwritableFile) {
    try DurableFiles.replace(
      path, by: Data("# \(comment)\n\(items.map { "- \($0)\n" }.joined())".utf8))
  }

  /// Reads what `write` wrote.
  ///
  /// - Throws: `ConfigurationError`, with the line.
  init(contentsOf path: String) throws(ConfigurationError) {
    let text = try ConfigurationFile.text(of: path)
    let nodes: Node.Sequence?
    do {
      nodes = try YAMLText.compose(text)?.sequence
    } catch {
      throw ConfigurationFile.notYAML(error, path: path)
    }
    var items: [String] = []
    for node in nodes ?? [] {
      guard let item = node.scalar?.string else {
        throw .notYAML(
          .file(path: path, line: node.mark?.line ?? 1),
          problem: "expected a line of words like \(Self.exampleWord)")
      }
      items.append(item)
    }
    guard !items.isEmpty else {
      throw .notYAML(
        .file(path: path, line: 1), problem: "expected the list that '\(Self.command)' writes")
    }
    do {
      self = try Self(items: items)
    } catch {
      throw .notYAML(
        .file(path: path, line: nodes?[error.item].mark?.line ?? 1), problem: "this item \(error.description)"
      )
    }
  }

  /// Reads on rank 0 what `write` wrote, for all.
  ///
  /// - Parameter check: Is shown it on rank 0 alone.
  /// - Throws: The same `AgreedFailure` on every rank.
  init(
    contentsOf path: String, on communicator: Communicator, check: (Self) throws -> Void = { _ in }
  ) throws {
    let items = try communicator.agree { () throws -> [String] in
      guard communicator.rank == 0 else { return [] }
      let table = try Self(contentsOf: path)
      try check(table)
      return table.items
    }
    self = try Self(items: try communicator.broadcast(value: items))
  }
}
