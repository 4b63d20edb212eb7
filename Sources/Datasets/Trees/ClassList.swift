import Collectives
import Crypto
import Foundation
import Foundations
import Tensors

/// The class folders of a tree that are used. A class's label is the place of its name among them, sorted.
public struct ClassList: Sendable {
  /// Each once, at least one, in the order of their bytes: Python's `sorted` has the same. Two may look the same and
  /// differ in their bytes.
  public let names: [String]

  /// - Parameter names: In any order.
  /// - Returns: nil for no names, a name twice, or one that no folder can have.
  public init?(_ names: [String]) {
    let sorted = names.map { ByteName($0) }.sorted()
    guard !sorted.isEmpty, Set(sorted).count == sorted.count,
      sorted.allSatisfy({ $0.isFileName && !$0.isHidden })
    else {
      return nil
    }
    self.names = sorted.compactMap(\.string)
  }

  /// Reads a file with a name a line; blank lines and lines that begin with # do not count.
  ///
  /// - Throws: `DatasetError.unreadable`, or `.badLine` with what is wrong and where.
  public init(contentsOf path: String) throws(DatasetError) {
    let file = try ListFile(path)
    var lines: [ByteName: Int] = [:]
    for (number, line) in file.lines {
      guard let text = line.string else {
        throw file.bad(number, "'\(line.text)' is not UTF-8: save the list as UTF-8")
      }
      let name = ByteName(text.trimmingCharacters(in: .whitespaces))
      guard let first = name.bytes.first, first != UInt8(ascii: "#") else { continue }
      guard name.isFileName else {
        throw file.bad(number, "'\(name.text)' cannot be the name of a class folder")
      }
      guard !name.isHidden else {
        throw file.bad(number, "'\(name.text)' is the name of a hidden folder, which is never a class")
      }
      if let first = lines[name] {
        throw file.bad(number, "'\(name.text)' is listed before, in line \(first)")
      }
      lines[name] = number
    }
    guard !lines.isEmpty else {
      throw file.bad(1, "expected the names of class folders, one per line")
    }
    names = lines.keys.sorted().compactMap(\.string)
  }

  /// SHA-256 of the sorted names, a line each, in hexadecimal: what `sort FILE | sha256sum` prints for a list
  /// without comments, with `LC_ALL=C`.
  public var digest: String {
    SHA256.hash(data: Data(names.map { "\($0)\n" }.joined().utf8)).hexadecimal
  }
}

extension ClassList: Equatable {
  public static func == (a: ClassList, b: ClassList) -> Bool {
    a.names.map { ByteName($0) } == b.names.map { ByteName($0) }
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
