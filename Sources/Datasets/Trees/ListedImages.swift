import Foundations

/// What a list says of images that it names, with their files' extensions or without.
struct ListedImages {
  struct Statement {
    let className: ByteName
    let line: Int
  }

  /// A line that says of an image what an earlier one does not.
  struct Contradiction {
    let image: ByteName
    let statement: Statement
    let earlier: Statement
  }

  /// What the first line about each image says, by the name that the list has for it.
  private(set) var statements: [ByteName: Statement] = [:]
  private var namesByStem: [ByteName: [ByteName]] = [:]
  /// In the order of lines.
  private(set) var contradictions: [Contradiction] = []

  mutating func add(_ statement: Statement, of image: ByteName) {
    guard let earlier = statements[image] else {
      statements[image] = statement
      namesByStem[image.stem, default: []].append(image)
      return
    }
    guard earlier.className != statement.className else { return }
    contradictions.append(Contradiction(image: image, statement: statement, earlier: earlier))
  }

  /// The names in the list that mean this file: its own, that without extension, or else those with other extensions.
  func names(of file: ByteName) -> [ByteName] {
    for name in [file, file.stem] where statements[name] != nil { return [name] }
    return namesByStem[file.stem] ?? []
  }

  /// The name in the list that looks like the file's, with its extension or without, and has other bytes.
  func lookalike(of file: ByteName) -> ByteName? {
    statements.keys.filter { $0.looksLike(file) || $0.looksLike(file.stem) }.min()
  }
}

extension ByteName {
  /// A file's name without its extension.
  var stem: ByteName { bytes.lastIndex(of: UInt8(ascii: ".")).map { ByteName(bytes[..<$0]) } ?? self }
}
