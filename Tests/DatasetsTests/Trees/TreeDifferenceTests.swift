import Testing

@testable import Datasets

/// What a host is told whose tree is not that of rank 0.
@Suite struct TreeDifferenceTests {
  private func listing(_ train: [String: [String]], test: [String: [String]]? = nil) -> TreeListing {
    var listing = TreeListing()
    listing.facts.classNames = train.keys.sorted()
    func files(_ classes: [String: [String]], _ part: String) -> FileList {
      var files = FileList()
      for name in listing.facts.classNames {
        files.appendClass((classes[name] ?? []).map { Array("\(part)/\(name)/\($0)".utf8) })
      }
      return files
    }
    listing.train = files(train, "train")
    listing.test = test.map { files($0, "val") }
    listing.facts.testName = test == nil ? nil : "val"
    return listing
  }

  @Test func equalTreesDoNotDiffer() {
    let tree = listing(["a": ["1", "2"], "b": []], test: ["a": ["1"]])
    #expect(tree.difference(from: tree) == nil)
    var other = tree
    // When and where it was found decides nothing.
    other.facts.watched = [.init(path: "", modified: 3)]
    other.facts.ignoredFiles = 3
    #expect(other.difference(from: tree) == nil && other.digest == tree.digest)
  }

  @Test func theFirstDifferenceIsNamedFromBothSides() {
    let tree = listing(["a": ["1", "2", "3"], "b": ["4"]], test: ["a": ["1"]])
    let others: [(TreeListing, String, String)] = [
      (
        listing(["a": ["1", "3"], "b": ["4"]], test: ["a": ["1"]]),
        "train/a/2 is missing (3 training images instead of 4)",
        "train/a/2 is unexpected (4 training images instead of 3)"
      ),
      (
        listing(["a": ["1", "2", "3"], "b": []], test: ["a": ["1"]]),
        "train/b/4 is missing (3 training images instead of 4)",
        "train/b/4 is unexpected (4 training images instead of 3)"
      ),
      (
        listing(["a": ["1", "2", "4"], "b": ["4"]], test: ["a": ["1"]]), "train/a/3 is missing",
        "train/a/3 is unexpected"
      ),
      (
        listing(["a": ["1", "2", "3"]], test: ["a": ["1"]]), "the class b is missing",
        "the class b is unexpected"
      ),
      (listing(["a": ["1", "2", "3"], "b": ["4"]]), "val is missing", "val is unexpected"),
      (
        listing(["a": ["1", "2", "3"], "b": ["4"]], test: ["a": ["1", "2"]]),
        "val/a/2 is unexpected (2 test images instead of 1)",
        "val/a/2 is missing (1 test images instead of 2)"
      ),
    ]
    for (other, there, here) in others {
      #expect(other.difference(from: tree) == there)
      #expect(tree.difference(from: other) == here)
      #expect(other.digest != tree.digest)
    }
  }

  /// Two lists of classes for a flat `val`.
  @Test func aFileInAnotherClassIsADifference() {
    func listing(_ classes: [[String]]) -> TreeListing {
      var listing = TreeListing()
      listing.facts.classNames = ["a", "b"]
      var files = FileList()
      for names in classes { files.appendClass(names.map { Array("val/\($0)".utf8) }) }
      listing.test = files
      return listing
    }
    let (one, other) = (listing([["1", "2"], []]), listing([["1"], ["2"]]))
    #expect(one.difference(from: other) == "val/2 is in another class")
    #expect(one.digest != other.digest)
  }

  /// Some tools change the form of names when they copy a tree.
  @Test func otherBytesOfTheSameLookAreSpelledOut() {
    let classes = [cafe.nfc, cafe.nfd].map { listing([$0: ["1"], "dog": ["1"]]) }
    #expect(
      classes[0].difference(from: classes[1])
        == #"the class 'cafe\u{301}' is 'caf\u{E9}', which looks the same"#)
    let files = [cafe.nfc, cafe.nfd].map { listing(["dog": [$0, "caff"]]) }
    for (here, there) in [(0, 1), (1, 0)] {
      let spellings = [#"caf\u{E9}"#, #"cafe\u{301}"#]
      #expect(
        files[here].difference(from: files[there])
          == "'train/dog/\(spellings[there])' is 'train/dog/\(spellings[here])', which looks the same")
      #expect(files[here].digest != files[there].digest)
    }
    // Where both are expected, one is missing.
    let both = listing(["dog": [cafe.nfc, cafe.nfd, "caff"]])
    #expect(files[1].difference(from: both)?.hasPrefix("train/dog/caf\u{E9} is missing (2 ") == true)
  }
}
