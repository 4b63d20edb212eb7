import Objectives
import Testing

@testable import Configurations

@Suite struct ObjectiveKeyTests {
  private func read(_ yaml: String, _ settings: String...) throws -> Configuration {
    try ConfigurationFile(yaml: "data: {source: shapes}\n" + yaml, path: "c.yaml", settings: settings)
      .resolved(imageSize: 32)
  }

  /// Every objective of the table can be chosen, and is printed with its own keys and nobody else's.
  @Test(arguments: ObjectiveKind.allCases)
  func theChosenObjectiveAloneIsPrinted(kind: ObjectiveKind) throws {
    let configuration = try read("", "objective.name=\(kind.rawValue)")
    let printed = ObjectiveKind.allCases.filter {
      configuration.resolvedYAML.contains("\n  \($0.rawValue):\n")
    }
    #expect(printed == [kind])
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
}
