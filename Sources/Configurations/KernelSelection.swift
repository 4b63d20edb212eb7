import Collectives
import Foundation
import Foundations
import Layers
import Tensors
import Yams

/// What decides which algorithm computes a convolution.
public enum KernelSelection: Equatable, Sendable {
  /// A fixed rule.
  case auto
  /// The same without Winograd.
  case direct
  /// A file that `sluice bench kernels --write` wrote, not read yet.
  case file(String)
  /// What such a file said: part of the configuration from then on, so that it is recorded with a run.
  case table(KernelTable)
}

extension ValueForm where Value == KernelSelection {
  static let kernels: Self = {
    let path = ValueForm<String>.text("")
    return Self(
      expected: "auto, direct or a file that 'sluice bench kernels --write' wrote",
      read: { value in
        if case .list(let items) = value {
          let texts = items.compactMap(\.text)
          guard texts.count == items.count else { return nil }
          return (try? KernelTable(items: texts)).map(KernelSelection.table)
        }
        return switch value.plain {
        case "auto": .auto
        case "direct": .direct
        default: path.read(value).map(KernelSelection.file)
        }
      },
      print: { selection in
        switch selection {
        case .auto: "auto"
        case .direct: "direct"
        case .file(let name): path.print(name)
        case .table(let table): table.items.map { "\n  - \($0)" }.joined()
        }
      },
      show: { selection in
        switch selection {
        case .auto: "auto"
        case .direct: "direct"
        case .file(let name): name
        case .table(let table): "table \(table.digest) of \(table.convolutions.count) convolutions"
        }
      })
  }()
}

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
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw .unreadable(path: path, reason: error.fileReason)
    }
    let nodes: Node.Sequence?
    do {
      nodes = try Yams.compose(yaml: text)?.sequence
    } catch {
      throw Configuration.notYAML(error, path: path)
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
}

extension Configuration {
  /// Replaces the name of a file of kernels by what rank 0 reads there: other nodes need not see its disk.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  mutating func readKernels(on communicator: Communicator) throws {
    guard case .file(let path) = kernels else { return }
    let items = try communicator.agree { () throws -> [String] in
      guard communicator.rank == 0 else { return [] }
      let table = try KernelTable(contentsOf: path)
      if precision == .f32, table.contains(.bf16) {
        throw ConfigurationError.conflict(
          "\(path) chooses bf16 for some convolutions, which 'precision: f32' does not allow: set "
            + "precision to bf16, or measure without")
      }
      return table.items
    }
    kernels = .table(try KernelTable(items: try communicator.broadcast(value: items)))
  }

  /// Why this machine cannot compute as this configuration says; nil if it can.
  public var processorConflict: ConfigurationError? {
    guard precision == .bf16, !ConvolutionAlgorithm.bf16.isAvailable else { return nil }
    return .conflict(
      "precision bf16 needs a processor with AVX-512 and its bf16 instructions (avx512_bf16), which oneDNN does not "
        + "find here: use precision f32")
  }

  /// That the table of kernels was measured with something else than what is here; nil: it was not, or there is none.
  package func kernelWarning(here: KernelLibrary = .linked) -> String? {
    guard case .table(let table) = kernels else { return nil }
    let (there, now) = (
      "oneDNN \(table.library) on \(table.instructionSet)", "oneDNN \(here.version) on \(here.instructionSet)"
    )
    return there == now
      ? nil : "the table of kernels was measured with \(there), here is \(now): others may be faster"
  }
}
