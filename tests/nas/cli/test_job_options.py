import click
from click.testing import CliRunner

from nas.cli.job_options import job_file_arguments


def test_file_and_repeated_overrides_in_order():
    @click.command()
    @job_file_arguments
    def command(file: str, overrides: tuple[str, ...]) -> None:
        click.echo(f"{file} {overrides}")

    result = CliRunner().invoke(command, ["a.yaml", "--set", "a=1", "--set", "b.c=x y"])
    assert result.stdout == "a.yaml ('a=1', 'b.c=x y')\n"
    assert CliRunner().invoke(command, []).exit_code == 2
