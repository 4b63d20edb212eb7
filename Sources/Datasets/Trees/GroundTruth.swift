import Foundation
import Foundations
import Tensors

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
  private let classes: Classes

  private enum Classes {
    /// By file name without extension.
    case named([String: String])
    /// By the image's number, the first has number 1.
    case numbered([String])
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
    let lines = try Self.lines(path, in: folder)
    func bad(_ number: Int, _ problem: String) -> DatasetError {
      .badLine(path: "\(folder)/\(path)", line: number, problem: problem)
    }
    switch (path as NSString).lastPathComponent {
    case Self.annotations, Self.solution:
      let separators: Set<Character> = path.hasSuffix(".csv") ? [","] : ["\t", " "]
      var named: [String: String] = [:]
      for (number, line) in lines where !line.hasPrefix("ImageId,") {
        let words = line.split(maxSplits: 1, whereSeparator: separators.contains)
        guard words.count == 2, let name = words[1].split(whereSeparator: \.isWhitespace).first else {
          throw bad(number, "expected an image and its class, found '\(line)'")
        }
        named[Self.stem(String(words[0]))] = String(name)
      }
      classes = .named(named)
    case Self.synsets:
      classes = .numbered(lines.map { $0.text.trimmingCharacters(in: .whitespaces) })
    default:
      guard let classNumbers else {
        throw .badTree(
          "\(folder)/\(path) gives classes as numbers, and \(Self.classNumbers), which says what they mean, is not "
            + "beside it: copy it there from a development kit of ILSVRC (2014 or later), or put \(Self.solution) "
            + "or \(Self.synsets) in its place")
      }
      let names = try Self.names(classNumbers, in: folder)
      var numbered: [String] = []
      for (number, line) in lines {
        guard let name = Int(line.trimmingCharacters(in: .whitespaces)).flatMap({ names[$0] }) else {
          throw bad(number, "'\(line)' is not the number of a class in \(classNumbers)")
        }
        numbered.append(name)
      }
      classes = .numbered(numbered)
    }
  }

  /// The class of each of these files of one folder.
  ///
  /// - Parameter names: All image files of the folder, sorted.
  /// - Throws: `DatasetError.badTree` if the file says nothing about one of them.
  func classes(of names: [[UInt8]], in folder: String) throws(DatasetError) -> [String] {
    func silent(_ name: [UInt8]) -> DatasetError {
      .badTree("\(folder)/\(path) does not say which class \(name.text) shows: it belongs to other images")
    }
    var result: [String] = []
    result.reserveCapacity(names.count)
    switch classes {
    case .named(let named):
      for name in names {
        guard let found = named[Self.stem(name.text)] else { throw silent(name) }
        result.append(found)
      }
    case .numbered(let classes):
      // The original's names carry the number, so some of its images may be missing.
      let numbers = names.map { Self.number(in: $0.text) }
      guard !numbers.contains(nil) || names.count == classes.count else {
        throw .badTree(
          "\(folder)/\(path) has \(classes.count) lines, the number of images is \(names.count): it belongs to other images"
        )
      }
      let areNumbered = !numbers.contains(nil)
      for (place, name) in names.enumerated() {
        let number = areNumbered ? numbers[place]! : place + 1
        guard classes.indices.contains(number - 1) else { throw silent(name) }
        result.append(classes[number - 1])
      }
    }
    return result
  }

  /// n of `ILSVRC2012_val_0000000n.JPEG`.
  private static func number(in name: String) -> Int? {
    let prefix = "ILSVRC2012_val_"
    return name.hasPrefix(prefix) ? Int(stem(name).dropFirst(prefix.count)) : nil
  }

  private static func stem(_ name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }

  /// `n02119789 1 kit_fox`: the class of each number.
  private static func names(_ path: String, in folder: String) throws(DatasetError) -> [Int: String] {
    var names: [Int: String] = [:]
    for (number, line) in try lines(path, in: folder) {
      let words = line.split(whereSeparator: \.isWhitespace)
      guard words.count >= 2, let id = Int(words[1]) else {
        throw .badLine(
          path: "\(folder)/\(path)", line: number,
          problem: "expected a WordNet id and a number, found '\(line)'")
      }
      names[id] = String(words[0])
    }
    return names
  }

  /// The lines that are not blank, with their numbers.
  private static func lines(
    _ path: String, in folder: String
  ) throws(DatasetError) -> [(number: Int, text: String)] {
    do {
      return try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
        .split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated()
        .compactMap { $1.allSatisfy(\.isWhitespace) ? nil : ($0 + 1, String($1)) }
    } catch {
      throw .unreadable(path: "\(folder)/\(path)", reason: error.fileReason)
    }
  }
}
