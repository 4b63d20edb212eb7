import Collectives
import Foundation
import Foundations
import Layers
import Tensors
import Yams

extension KernelTable {
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
      nodes = try Yams.compose(yaml: text)?.sequence
    } catch {
      throw ConfigurationFile.notYAML(error, path: path)
    }
    var items: [String] = []
    for node in nodes ?? [] {
      guard let item = node.scalar?.string else {
        throw .notYAML(
          .file(path: path, line: node.mark?.line ?? 1), problem: "expected a line of words like rows=64")
      }
      items.append(item)
    }
    guard !items.isEmpty else {
      throw .notYAML(
        .file(path: path, line: 1), problem: "expected the list that 'sluice bench kernels --write' writes")
    }
    do {
      self = try KernelTable(items: items)
    } catch {
      throw .notYAML(
        .file(path: path, line: nodes?[error.item].mark?.line ?? 1), problem: "this item \(error.description)"
      )
    }
  }

  /// Reads on rank 0 what `write` wrote, for all.
  ///
  /// - Parameter allowingBF16: Whether convolutions may be computed in bf16.
  /// - Throws: The same `AgreedFailure` on every rank.
  init(contentsOf path: String, allowingBF16: Bool, on communicator: Communicator) throws {
    let items = try communicator.agree { () throws -> [String] in
      guard communicator.rank == 0 else { return [] }
      let table = try KernelTable(contentsOf: path)
      if !allowingBF16, table.uses(.bf16) {
        throw ConfigurationError.conflict(
          "\(path) chooses bf16 for some convolutions, which 'precision: f32' does not allow: set "
            + "precision to bf16, or measure without")
      }
      return table.items
    }
    self = try KernelTable(items: try communicator.broadcast(value: items))
  }
}
