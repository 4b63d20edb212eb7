import Objectives
import Testing

@testable import Configurations

@Suite struct ObjectiveKeyTests {
  private func read(_ yaml: String, _ settings: String...) throws -> Configuration {
    try ConfigurationFile(yaml: "data: {source: shapes}\n" + yaml, path: "c.yaml", settings: settings)
      .resolved(imageSize: 32)
  }

  /// Every objective of the table can be chosen, and is printed with its own keys, if it has any, and nobody else's.
  @Test(arguments: ObjectiveKind.allCases)
  func theChosenObjectiveAloneIsPrinted(kind: ObjectiveKind) throws {
    let configuration = try read("", "objective.name=\(kind.rawValue)")
    let printed = ObjectiveKind.allCases.filter {
      configuration.resolvedYAML.contains("\n  \($0.rawValue):\n")
    }
    let hasKeys = Configuration.keyNames.contains { $0.hasPrefix("objective.\(kind.rawValue).") }
    #expect(printed == (hasKeys ? [kind] : []))
    let file = try ConfigurationFile(yaml: configuration.resolvedYAML, path: "c.yaml")
    #expect(try file.resolved(imageSize: 32) == configuration)
  }

  @Test func nestedKeysArePrintedWhereTheyAreRead() throws {
    let yaml = try read("", "objective.name=simclr", "objective.simclr.temperature=0.5").resolvedYAML
    #expect(
      yaml.contains(
        "\nobjective:\n  name: simclr\n  simclr:\n    temperature: 0.5\n    projector: [2048, 256]\noptimizer:\n"
      ))
  }

  /// Files and checkpoints from before objectives had sections of their own.
  @Test(arguments: [
    (
      "{name: simclr, temperature: 0.5, projector: [512, 128], predictor_hidden: 9}",
      "{name: simclr, simclr: {temperature: 0.5, projector: [512, 128]}}"
    ),
    (
      "{name: simsiam, temperature: 0.5, projector: [512, 128], predictor_hidden: 9}",
      "{name: simsiam, simsiam: {projector: [512, 128], predictor_hidden: 9}}"
    ),
    ("{name: simclr, projector: auto}", "{name: simclr}"),
    ("{name: simsiam, projector: auto}", "{name: simsiam}"),
  ])
  func formerKeysAreRead(former: String, present: String) throws {
    let (old, new) = (try read("objective: \(former)"), try read("objective: \(present)"))
    #expect(old == new)
    #expect(new.differences(from: old).isEmpty && old.differences(from: new).isEmpty)
    #expect(old.decisiveYAML == new.decisiveYAML)
    #expect(!old.resolvedYAML.contains("\n  projector:"))
  }

  @Test func formerKeysAreOptionsToo() throws {
    let file = "objective: {name: simclr, simclr: {projector: [512, 128]}}"
    #expect(try read(file, "objective.projector=[4, 2]").objective[SimCLR.Settings.self].projector == [4, 2])
    #expect(try read(file, "objective.projector=auto").objective.chosen.isEqual(to: SimCLR.Settings()))
    #expect(!Configuration.keyNames.contains("objective.projector"))
  }

  /// What other objectives are set to makes no other run.
  @Test func onlyTheChosenObjectiveDecidesTheResult() throws {
    let old = try read("objective: {name: simclr}")
    #expect(try read("", "objective.name=simclr", "objective.simsiam.predictor_hidden=7") == old)
    let new = try read("objective: {name: simsiam, simsiam: {predictor_hidden: 7}}")
    #expect(old != new)
    #expect(
      new.differences(from: old).map(\.description) == [
        "objective.name: simclr → simsiam", "objective.simsiam.predictor_hidden: 512 → 7",
      ])
  }

  /// What the data decides is written down, so that a run's own configuration leaves nothing open.
  @Test func classesAreThoseOfTheDataUnlessTheyAreSet() throws {
    func resolved(_ settings: String...) throws -> Configuration {
      try ConfigurationFile(
        yaml: "data: {source: shapes}", path: "c.yaml", settings: ["objective.name=supervised"] + settings
      ).resolved(imageSize: 32, classCount: 6)
    }
    #expect(try resolved().resolvedYAML.contains("classes: 6"))
    #expect(try resolved("objective.supervised.classes=8").objective.chosen.classCount == 8)
    #expect(try resolved("objective.supervised.classes=auto").objective.chosen.classCount == 6)
  }

  @Test func labelsMustFitTheObjective() throws {
    func conflict(_ classCount: Int?, _ settings: String...) throws -> String? {
      try ConfigurationFile(yaml: "data: {source: shapes}", path: "c.yaml", settings: settings)
        .resolved(imageSize: 32).labelConflict(classCount: classCount).map { "\($0)" }
    }
    #expect(try conflict(nil) == nil, "no labels are needed")
    #expect(
      try conflict(nil, "objective.name=supervised")
        == "objective.name supervised learns from labels, and the images to train on have none: name data that has "
        + "them, or another objective")
    let five = ["objective.name=supervised", "objective.supervised.classes=5"]
    #expect(try conflict(5, five[0], five[1]) == nil)
    #expect(
      try conflict(6, five[0], five[1])
        == "objective.supervised.classes is 5, the data has 6 classes: use objective.supervised.classes 6 or auto"
    )
  }
}
