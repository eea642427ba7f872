"""`python -m diarize`: the command, also where no `diarize` is on the path."""

from diarize.cli import main

if __name__ == "__main__":
    main()
