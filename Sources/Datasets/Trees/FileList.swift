import Foundations

/// The files of one part of a tree, by class: paths relative to the tree's folder, in one block of bytes, because
/// 1.3 million `String`s take a few times the memory and cannot be sent at once.
struct FileList: Sendable, Equatable {
  /// The paths in order, each followed by a zero, as the system has them: they need not be UTF-8.
  private(set) var bytes: [UInt8] = []
  /// Where the zero after each path is.
  private var ends: [Int] = []
  /// How many files there are up to and including each class.
  private var classEnds: [Int] = []

  init() {}

  /// - Parameter classCounts: How many of the paths belong to each class.
  /// - Returns: nil if these are not so many paths.
  init?(bytes: [UInt8], classCounts: [Int]) {
    self.bytes = bytes
    for (place, byte) in bytes.enumerated() where byte == 0 { ends.append(place) }
    for count in classCounts {
      guard count >= 0, let end = [classEnds.last ?? 0, count].checkedSum else { return nil }
      classEnds.append(end)
    }
    guard ends.count == classEnds.last ?? 0, (ends.last ?? -1) + 1 == bytes.count else { return nil }
  }

  /// Adds the next class and its files.
  ///
  /// - Parameter paths: In any order; without zeros.
  mutating func appendClass(_ paths: [[UInt8]]) {
    for path in paths.sorted(by: { $0.precedes($1) }) {
      bytes.append(contentsOf: path)
      ends.append(bytes.count)
      bytes.append(0)
    }
    classEnds.append(ends.count)
  }

  var count: Int { ends.count }

  var classCounts: [Int] {
    classEnds.indices.map { classEnds[$0] - ($0 > 0 ? classEnds[$0 - 1] : 0) }
  }

  func path(at index: Int) -> ArraySlice<UInt8> {
    bytes[(index > 0 ? ends[index - 1] + 1 : 0)..<ends[index]]
  }

  /// Whether no path begins at the root or goes up.
  var staysInside: Bool {
    let (slash, dot) = (UInt8(ascii: "/"), UInt8(ascii: "."))
    // Where the part of a path began that is looked at.
    var start = 0
    for (place, byte) in bytes.enumerated() where byte == slash || byte == 0 {
      let isAbsolute = byte == slash && place == start && (place == 0 || bytes[place - 1] == 0)
      if isAbsolute || place - start == 2 && bytes[start] == dot && bytes[start + 1] == dot { return false }
      start = place + 1
    }
    return true
  }

  /// The class of file `index`.
  func label(at index: Int) -> Int {
    precondition(index >= 0 && index < count, "file \(index) of \(count)")
    // The first class that ends behind the file.
    var (low, high) = (0, classEnds.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if classEnds[middle] > index { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Bytes in memory.
  var residentBytes: Int { bytes.count + 8 * (ends.count + classEnds.count) }
}

extension Collection where Element == UInt8 {
  /// As text for people: see `ByteName.text`.
  var text: String { ByteName(self).text }

  /// Whether these bytes come before others in sorted order.
  func precedes(_ other: some Collection<UInt8>) -> Bool {
    // Sequence's own comparison of arrays takes three times as long.
    withContiguousStorageIfAvailable { mine in
      other.withContiguousStorageIfAvailable { others in
        for place in 0..<Swift.min(mine.count, others.count) where mine[place] != others[place] {
          return mine[place] < others[place]
        }
        return mine.count < others.count
      }
    }.flatMap(\.self) ?? lexicographicallyPrecedes(other)
  }
}
