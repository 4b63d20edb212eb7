import Foundation
import Foundations

/// A file that says which class each image of a folder without class folders shows.
///
/// Forms, all of which people have beside their `val`:
/// - `val_annotations.txt` of Tiny ImageNet: `val_0.JPEG`, WordNet id, four numbers, between tabs.
/// - `LOC_val_solution.csv` of ILSVRC's edition at Kaggle: a heading, then `ILSVRC2012_val_00000001,` and one or
///   more objects of a WordNet id and four numbers. All objects of an image have its class.
/// - `imagenet_2012_validation_synset_labels.txt`: line n is the WordNet id of image n.
/// - `ILSVRC2012_validation_ground_truth.txt` of the development kit: line n is the number, 1 to 1,000, of image n's
///   class. Which class a number means only `map_clsloc.txt` says here: the kit's own `meta.mat` is a MATLAB file.
struct GroundTruth {
  /// Relative to the tree's folder.
  let path: String
  private let folder: String
  private let classes: Classes

  private enum Classes {
    case named(ListedImages)
    /// By the image's number, the first has number 1.
    case numbered([ListedImages.Statement])
  }

  static let annotations = "val_annotations.txt"
  static let solution = "LOC_val_solution.csv"
  static let synsets = "imagenet_2012_validation_synset_labels.txt"
  static let numbers = "ILSVRC2012_validation_ground_truth.txt"
  static let classNumbers = "map_clsloc.txt"
  /// The files that are looked for, in this order.
  static let fileNames = [annotations, solution, synsets, numbers]

  /// Reads one of `fileNames`.
  ///
  /// - Parameters:
  ///   - path: Relative to `folder`, like `classNumbers`, the path of a `map_clsloc.txt`; nil: there is none.
  /// - Throws: `DatasetError`, with the line where there is one.
  init(_ path: String, in folder: String, classNumbers: String?) throws(DatasetError) {
    self.path = path
    self.folder = folder
    let file = try ListFile("\(folder)/\(path)")
    switch (path as NSString).lastPathComponent {
    case Self.annotations: classes = .named(try Self.annotated(file))
    case Self.solution: classes = .named(try Self.solved(file))
    case Self.synsets:
      classes = .numbered(
        file.lines.map { line in .init(className: line.text.trimmed, line: line.number) })
    default:
      guard let classNumbers else {
        throw .badTree(
          "\(folder)/\(path) gives classes as numbers, and \(Self.classNumbers), which says what they mean, is not "
            + "beside it: copy it there from a development kit of ILSVRC (2014 or later), or put \(Self.solution) "
            + "or \(Self.synsets) in its place")
      }
      let names = try Self.names(try ListFile("\(folder)/\(classNumbers)"))
      var numbered: [ListedImages.Statement] = []
      for (number, line) in file.lines {
        guard let name = line.trimmed.number.flatMap({ names[$0] }) else {
          throw file.bad(number, "'\(line.text)' is not the number of a class in \(classNumbers)")
        }
        numbered.append(.init(className: name, line: number))
      }
      classes = .numbered(numbered)
    }
  }

  /// `val_0.JPEG n02119789 0 32 44 62`, between tabs or blanks.
  private static func annotated(_ file: ListFile) throws(DatasetError) -> ListedImages {
    var images = ListedImages()
    for (number, line) in file.lines {
      let words = line.words
      guard words.count >= 2 else {
        throw file.bad(number, "expected an image and its class, found '\(line.text)'")
      }
      images.add(.init(className: words[1], line: number), of: words[0])
    }
    return images
  }

  /// `ILSVRC2012_val_00000001,n02119789 0 32 44 62`, below a heading.
  private static func solved(_ file: ListFile) throws(DatasetError) -> ListedImages {
    var images = ListedImages()
    for (number, fields) in try file.records() where fields[0] != "ImageId" {
      guard fields.count >= 2, let name = fields[1].words.first else {
        throw file.bad(
          number, "expected an image and its class, found '\(fields.map(\.text).joined(separator: ","))'")
      }
      images.add(.init(className: name, line: number), of: fields[0].trimmed)
    }
    return images
  }

  /// `n02119789 1 kit_fox`: the class of each number.
  private static func names(_ file: ListFile) throws(DatasetError) -> [Int: ByteName] {
    var names: [Int: (name: ByteName, line: Int)] = [:]
    for (line, text) in file.lines {
      let words = text.words
      guard words.count >= 2, let number = words[1].number else {
        throw file.bad(line, "expected a WordNet id and a number, found '\(text.text)'")
      }
      if let other = names[number], other.name != words[0] {
        throw file.bad(
          line,
          "number \(number) is \(words[0].text) here and \(other.name.text) in line \(other.line)")
      }
      names[number] = (words[0], line)
    }
    return names.mapValues(\.name)
  }

  // MARK: What it says

  /// Lines that contradict earlier ones.
  var faults: [DataFault] {
    guard case .named(let images) = classes else { return [] }
    return images.contradictions.map { contradiction in
      let (here, there) = toldApart(
        contradiction.statement.className.text, contradiction.earlier.className.text)
      return DataFault(
        name: "\(folder)/\(path):\(contradiction.statement.line)",
        reason: "\(contradiction.image.text) is of class \(here) here, of class \(there) in line "
          + "\(contradiction.earlier.line)")
    }
  }

  /// What it says of the files of a folder.
  struct Answer {
    /// Of each file; nil: lines contradict each other.
    var statements: [ListedImages.Statement?] = []
    /// Images that the folder lacks, sorted.
    var missing: [(image: String, className: ByteName)] = []
  }

  /// - Parameter names: All image files of the folder, sorted.
  /// - Throws: `DatasetError.badTree` if the list says nothing about one of them.
  func answer(for names: [ByteName]) throws(DatasetError) -> Answer {
    switch classes {
    case .named(let images): try answer(for: names, images)
    case .numbered(let statements): try answer(for: names, statements)
    }
  }

  private func answer(for names: [ByteName], _ images: ListedImages) throws(DatasetError) -> Answer {
    let contradicted = Set(images.contradictions.map(\.image))
    var answer = Answer()
    var found = Set<ByteName>()
    for name in names {
      let listed = images.names(of: name)
      let statements = listed.compactMap { images.statements[$0] }
      guard let first = statements.first, statements.allSatisfy({ $0.className == first.className }) else {
        throw silent(name, lookalike: images.lookalike(of: name))
      }
      found.formUnion(listed)
      answer.statements.append(contradicted.isDisjoint(with: listed) ? first : nil)
    }
    answer.missing = images.statements.filter { !found.contains($0.key) }.sorted { $0.key < $1.key }
      .map { ($0.key.text, $0.value.className) }
    return answer
  }

  private func answer(
    for names: [ByteName], _ statements: [ListedImages.Statement]
  ) throws(DatasetError) -> Answer {
    // The original's names carry the number, so some of its images may be missing.
    let written = names.map(Self.number)
    let isNumbered = !written.contains(nil)
    guard isNumbered || names.count == statements.count else {
      throw .badTree(
        "\(folder)/\(path) has \(statements.count) lines, the number of images is \(names.count): it belongs to other images"
      )
    }
    let numbers = isNumbered ? written.compactMap(\.self) : Array(1...statements.count)
    var answer = Answer()
    for (name, number) in zip(names, numbers) {
      guard number >= 1, number <= statements.count else { throw silent(name, lookalike: nil) }
      answer.statements.append(statements[number - 1])
    }
    let found = Set(numbers)
    answer.missing = statements.enumerated().filter { !found.contains($0.offset + 1) }
      .map { ("number \($0.offset + 1)", $0.element.className) }
    return answer
  }

  private func silent(_ name: ByteName, lookalike: ByteName?) -> DatasetError {
    if let lookalike {
      return .badTree(
        "\(folder)/\(path) does not name the image '\(name.spelling)', but '\(lookalike.spelling)', which looks the "
          + "same and has other bytes: rename the image, or correct the list")
    }
    return .badTree(
      "\(folder)/\(path) does not say which class \(name.text) shows: it belongs to other images")
  }

  /// An error about what line `number` says.
  func bad(_ number: Int, _ problem: String) -> DatasetError {
    .badLine(path: "\(folder)/\(path)", line: number, problem: problem)
  }

  /// n of `ILSVRC2012_val_0000000n.JPEG`.
  private static func number(in name: ByteName) -> Int? {
    let prefix = Array("ILSVRC2012_val_".utf8)
    return name.bytes.starts(with: prefix) ? ByteName(name.stem.bytes.dropFirst(prefix.count)).number : nil
  }
}

extension ByteName {
  fileprivate var number: Int? { string.flatMap { Int($0) } }

  /// Without blanks at its beginning and end.
  fileprivate var trimmed: ByteName {
    guard let first = bytes.firstIndex(where: { !$0.isBlank }),
      let last = bytes.lastIndex(where: { !$0.isBlank })
    else { return "" }
    return ByteName(bytes[first...last])
  }
}
