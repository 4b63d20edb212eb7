import Collectives
import Testing

@testable import Datasets

@Suite struct DatasetSourceTests {
  @Test(arguments: [
    ("cifar10:some/dir", "cifar10"), ("cifar100:/a:b", "cifar100"), ("stl10:a", "stl10"),
    ("packed:a/b", "packed"), ("imagenet100:/data/imagenet", "imagenet100"), ("folder:.", "folder"),
    // To Unicode, the colon has an accent.
    ("folder:\u{301}a", "folder"),
    ("shapes", "shapes"), ("shapes:512x128", "shapes"),
  ])
  func theWordBeforeTheColonIsTheKind(text: String, kind: String) throws {
    #expect(try DatasetSource(parsing: text).kind.name == kind)
  }

  /// Whatever lists kinds takes them from the table: a name is there once, and every form begins with it.
  @Test func kindsDifferAndTheirFormsAreParsed() throws {
    #expect(Set(DataKind.all.map(\.name)).count == DataKind.all.count)
    for kind in DataKind.all {
      #expect(kind.forms.allSatisfy { $0 == kind.name || $0.hasPrefix(kind.name + ":") })
      #expect(try DatasetSource(parsing: kind.forms[0]).kind.name == kind.name)
    }
  }

  @Test func whatFollowsTheColonIsOpened() throws {
    let few = try DatasetSource.open("shapes:512x128", on: .alone())
    #expect(few.train.count == 512 && few.test?.count == 128)
    let usual = try DatasetSource.open("shapes", on: .alone())
    #expect(usual.train.count == 8000 && usual.test?.count == 2000)
  }

  @Test func aListOfClassesIsRefusedWhereClassesAreFixed() throws {
    let options = DatasetOptions(classList: ClassList(["a"]))
    let error = #expect(throws: (any Error).self) {
      try DatasetSource.open("shapes", options, on: .alone())
    }
    #expect(
      error.map { "\($0)" }
        == "data source 'shapes' has classes of its own: a list of classes is for imagenet100:DIR and folder:DIR"
    )
  }

  @Test(arguments: [
    ("cifar-10:x", "did you mean cifar10:DIR?"),
    ("shaeps", "did you mean shapes?"),
    ("imagenet:x", "did you mean imagenet100:DIR?"),
    (
      "quite-another",
      "there are cifar10:DIR, cifar100:DIR, stl10:DIR, imagenet100:DIR, folder:DIR, list:FILE, packed:DIR, shapes, shapes:TRAINxTEST"
    ),
    ("cifar10", "a folder must follow the colon, for example cifar10:DIR"),
    ("folder:", "a folder must follow the colon, for example folder:DIR"),
    ("imagenet100", "a folder must follow the colon, for example imagenet100:DIR"),
    ("folders:x", "did you mean folder:DIR?"),
    ("cifar100:", "a folder must follow the colon"),
    ("shapes:0x5", "two counts from 1 to"),
    ("shapes:512", "two counts from 1 to"),
    ("shapes:", "two counts from 1 to"),
    ("", "is unknown"),
  ])
  func mistakesAreExplained(text: String, expected: String) {
    let error = #expect(throws: DatasetError.self) { try DatasetSource(parsing: text) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "no error")")
  }
}
