"""Where servers and `flask --app wsgi` find the application; run by itself it serves, as `make run` does."""

from cluster.web import create_app

if __name__ == "__main__":
    from cluster.web.serve import serve

    raise SystemExit(serve())

app = create_app()
