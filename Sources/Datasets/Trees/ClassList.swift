import Collectives
import Crypto
import Foundation
import Foundations
import Tensors

/// The class folders of a tree that are used. A class's label is the place of its name among them, sorted.
public struct ClassList: Sendable, Equatable {
  /// Each once, at least one, in the order of their bytes: Python's `sorted` has the same.
  public let names: [String]

  /// - Parameter names: In any order.
  /// - Returns: nil for no names, a name twice, or one that no folder can have.
  public init?(_ names: [String]) {
    guard !names.isEmpty, Set(names).count == names.count, names.allSatisfy(Self.isFolderName) else {
      return nil
    }
    self.names = Self.sorted(names)
  }

  /// Reads a file with a name a line; blank lines and lines that begin with # do not count.
  ///
  /// - Throws: `DatasetError.unreadable`, or `.badLine` with what is wrong and where.
  public init(contentsOf path: String) throws(DatasetError) {
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw .unreadable(path: path, reason: error.fileReason)
    }
    var lines: [String: Int] = [:]
    for (number, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
      .enumerated()
    {
      let name = line.trimmingCharacters(in: .whitespaces)
      guard !name.isEmpty, !name.hasPrefix("#") else { continue }
      guard Self.isFolderName(name) else {
        throw .badLine(
          path: path, line: number + 1, problem: "'\(name)' cannot be the name of a class folder")
      }
      if let first = lines[name] {
        throw .badLine(path: path, line: number + 1, problem: "'\(name)' is listed before, in line \(first)")
      }
      lines[name] = number + 1
    }
    guard !lines.isEmpty else {
      throw .badLine(path: path, line: 1, problem: "expected the names of class folders, one per line")
    }
    names = Self.sorted(Array(lines.keys))
  }

  /// SHA-256 of the sorted names, a line each, in hexadecimal: what `sort FILE | sha256sum` prints for a list
  /// without comments, with `LC_ALL=C`.
  public var digest: String {
    SHA256.hash(data: Data(names.map { "\($0)\n" }.joined().utf8)).hexadecimal
  }

  private static func isFolderName(_ name: String) -> Bool {
    !["", ".", ".."].contains(name) && !name.utf8.contains(UInt8(ascii: "/")) && !name.utf8.contains(0)
  }

  static func sorted(_ names: [String]) -> [String] {
    names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

extension ClassList {
  /// Reads a file on rank 0 for all: other nodes need not see its disk.
  ///
  /// - Throws: The same `AgreedFailure` on every rank.
  public init(contentsOf path: String, on communicator: Communicator) throws {
    let list = try communicator.agree {
      communicator.rank == 0 ? try ClassList(contentsOf: path) : nil
    }
    names = try communicator.broadcast(value: list?.names ?? [])
  }
}
